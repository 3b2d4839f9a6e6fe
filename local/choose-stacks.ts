import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FreshetError, quoted } from 'freshet-aws/internal/core/errors';
import * as z from 'zod/mini';

const manifest = z.looseObject({
  artifacts: z._default(
    z.record(
      z.string(),
      z.looseObject({
        type: z.string(),
        displayName: z.optional(z.string()),
        dependencies: z._default(z.array(z.string()), []),
        properties: z.optional(
          z.looseObject({ stackName: z.optional(z.string()), directoryName: z.optional(z.string()) }),
        ),
      }),
    ),
    {},
  ),
});
type Artifacts = z.infer<typeof manifest>['artifacts'];

/** The manifest of an assembly or of one of its stages. */
interface Manifest {
  readonly file: string;
  readonly content: z.infer<typeof manifest>;
}

/**
 * Removes all stacks from an assembly, except the chosen stacks and the stacks that they depend on.
 *
 * @param patterns paths of stacks, such as `Orders` or `Production/*`, or their names. `*` stands for any text without
 *   a slash, `**` for any text
 * @throws FreshetError `SynthesisFailed` that lists the stacks, if a pattern matches no stack
 */
export function chooseStacks(assembly: string, patterns: readonly string[]): void {
  const manifests = manifestsIn(assembly);
  const all = manifests.flatMap(({ content }) => Object.entries(content.artifacts).flatMap(stackOf));
  const tests = patterns.map((pattern) => ({ pattern, fits: globOf(pattern) }));
  const unknown = tests.find(({ fits }) => !all.some(({ path, name }) => fits.test(path) || fits.test(name)));
  if (unknown !== undefined) {
    const paths = all.map(({ path }) => path).join(', ') || 'none';
    throw new FreshetError(`stacks: no stack matches ${quoted(unknown.pattern)}. Stacks: ${paths}.`, {
      code: 'SynthesisFailed',
      field: 'stacks',
    });
  }
  const isChosen = ({ path, name }: ChosenStack) => tests.some(({ fits }) => fits.test(path) || fits.test(name));
  for (const { file, content } of manifests) {
    const kept = keptIn(content.artifacts, isChosen);
    writeFileSync(file, JSON.stringify({ ...content, artifacts: kept }));
  }
}

interface ChosenStack {
  readonly id: string;
  readonly path: string;
  readonly name: string;
}

function stackOf([id, { type, displayName, properties }]: [string, Artifacts[string]]): ChosenStack[] {
  if (type !== 'aws:cloudformation:stack') return [];
  return [{ id, path: displayName ?? id, name: properties?.stackName ?? id }];
}

function manifestsIn(folder: string): Manifest[] {
  const file = join(folder, 'manifest.json');
  const content = manifest.parse(JSON.parse(readFileSync(file, 'utf8')));
  const stages = Object.values(content.artifacts).flatMap(({ type, properties }) =>
    type === 'cdk:cloud-assembly' && properties?.directoryName !== undefined ? [properties.directoryName] : [],
  );
  return [{ file, content }, ...stages.flatMap((name) => manifestsIn(join(folder, name)))];
}

/** All artifacts, except the stacks that are neither chosen nor needed by a chosen stack. */
function keptIn(artifacts: Artifacts, isChosen: (stack: ChosenStack) => boolean): Artifacts {
  const stacks = Object.entries(artifacts).flatMap(stackOf);
  const kept = new Set<string>();
  const keep = (id: string) => {
    if (kept.has(id)) return;
    kept.add(id);
    for (const dependency of artifacts[id]?.dependencies ?? []) keep(dependency);
  };
  for (const stack of stacks.filter(isChosen)) keep(stack.id);
  const left = new Set(stacks.map(({ id }) => id).filter((id) => !kept.has(id)));
  return Object.fromEntries(Object.entries(artifacts).filter(([id]) => !left.has(id)));
}

function globOf(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*|\*)/).map((part) => GLOBS[part] ?? part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('')}$`);
}

const GLOBS: Readonly<Record<string, string>> = { '*': '[^/]*', '**': '.*' };
