import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EXIT, UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { busy } from '../../output/spinner.ts';
import type { AppOptions } from '../up/app-options.ts';
import { asyncApi } from './asyncapi.ts';
import { contractsOfApp, loadBoundaries } from './find.ts';

export interface AsyncApiOptions extends AppOptions {
  readonly boundary?: string;
  readonly out?: string;
  readonly infoVersion: string;
}

/** Prints the AsyncAPI document of a boundary, or writes those of all boundaries. @returns the exit code */
export async function writeAsyncApi(
  io: CommandIo,
  paths: readonly string[],
  options: AsyncApiOptions,
  signal: AbortSignal,
): Promise<number> {
  const { boundary: name, out, infoVersion } = options;
  const modules =
    paths.length > 0
      ? paths
      : await busy(io, 'synthesising the CDK app', { json: true }, () => contractsOfApp(io, options, signal));
  const all = await loadBoundaries(io, modules);
  const names = all.map((one) => one.name).sort();
  const chosen = name === undefined ? all : all.filter((one) => one.name === name);
  if (chosen.length === 0) throw new UsageError(`--boundary: "${name}" is unknown. Allowed: ${names.join(', ')}`);
  const texts = chosen.map(
    (one) => [one.name, `${JSON.stringify(asyncApi(one, infoVersion), undefined, 2)}\n`] as const,
  );
  if (out !== undefined) {
    const folder = resolve(io.cwd, out);
    await mkdir(folder, { recursive: true });
    for (const [boundary, text] of texts) {
      await writeFile(join(folder, `${boundary}.asyncapi.json`), text);
      io.stdout.write(`${join(out, `${boundary}.asyncapi.json`)} written\n`);
    }
    return EXIT.ok;
  }
  const [only, ...others] = texts;
  if (only === undefined || others.length > 0)
    throw new UsageError(
      `there are several boundaries: ${names.join(', ')}. Choose one with --boundary, or use --out.`,
    );
  io.stdout.write(only[1]);
  return EXIT.ok;
}
