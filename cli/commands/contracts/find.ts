import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { boundariesOf, type ContractsModule } from 'freshet-aws/internal/core/contract/define-boundary';
import { readAssembly } from 'freshet-local/internal/provision/assembly';
import { synthesise } from 'freshet-local/internal/synthesise';
import { UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import type { AppOptions } from '../up/app-options.ts';
import { assemblyFolder } from '../up/assembly-folder.ts';

/** Loads all boundaries of contracts modules. @throws UsageError for a module without a boundary */
export async function loadBoundaries(io: CommandIo, paths: readonly string[]): Promise<Boundary[]> {
  const loaded = paths.map(async (path) => {
    const module = (await io.importModule(pathToFileURL(resolve(io.cwd, path)).href)) as ContractsModule;
    const found = boundariesOf(module);
    if (found.length > 0) return found;
    throw new UsageError(`${path}: not a contracts module. Required: export default defineBoundary(...).`);
  });
  return (await Promise.all(loaded)).flat();
}

/** Synthesises the CDK app and returns the paths of its contracts modules, which its stacks name in their outputs. */
export async function contractsOfApp(io: CommandIo, options: AppOptions, signal: AbortSignal): Promise<string[]> {
  const { context, stacks } = options;
  const assembly = assemblyFolder(io.cwd);
  try {
    await synthesise(io.cwd, { assembly, signal, env: io.env, ...(context && { context }), ...(stacks && { stacks }) });
    const outputs = readAssembly(assembly).flatMap(({ template }) => Object.values(template.Outputs ?? {}));
    const paths = [...new Set(outputs.flatMap(({ Value }) => contractsIn(Value)))].sort();
    if (paths.length > 0) return paths;
    throw new UsageError(
      `${io.cwd}: the app has no EntityOwner, LocalCache or FactTopic. Name contracts modules instead.`,
    );
  } finally {
    rmSync(assembly, { recursive: true, force: true });
  }
}

/** The path in the text of an output, whose other values may be references. */
function contractsIn(value: unknown): string[] {
  const joined = (value as { readonly 'Fn::Join'?: readonly [string, readonly unknown[]] } | null)?.['Fn::Join']?.[1];
  const text = (Array.isArray(joined) ? joined : [value]).filter((part) => typeof part === 'string').join('');
  const [, path] = /"contracts":("(?:[^"\\]|\\.)*")/.exec(text) ?? [];
  return path === undefined ? [] : [JSON.parse(path) as string];
}
