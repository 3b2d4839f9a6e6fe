import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { shown } from './bundle-problems.ts';
import { loadProblem, missingExport } from './definition-problem.ts';
import { type Definition, type Loading, loadDefinition } from './load-definition.ts';

/** The bundle of a definition. */
export interface DefinitionBundle {
  readonly definition: Definition;
  readonly code: Uint8Array;
  /** Whether the definition's module is an ES module. */
  readonly isModule: boolean;
  /** Returns the same bundle with a source map. */
  readonly mapped: () => Uint8Array;
  /** Whether a file belongs to the app: not to a package, and not to Freshet. */
  readonly isOwn: (path: string) => boolean;
  /** The folder that notes good bundles. */
  readonly good: string;
}

/**
 * Starts to load a definition as Lambda does.
 *
 * @param loadings the definitions that the app has loaded so far; the function adds to them
 * @param later receives the function that waits for the result and returns the problem
 */
export function checkDefinition(
  bundle: DefinitionBundle,
  loadings: Set<Loading>,
  later: (problem: () => string | undefined) => void,
): void {
  const loading = loadDefinition(bundle.code, bundle.definition, bundle.good);
  if (loadings.has(loading)) return;
  loadings.add(loading);
  later(() => problemOf(loading, bundle));
}

function problemOf(
  loading: Loading,
  { definition, isModule, mapped, isOwn, good }: DefinitionBundle,
): string | undefined {
  const loaded = loading.result();
  if (loaded === undefined) return undefined;
  if (loaded.error === undefined) {
    const problem = missingExport(definition, loaded.exports, isModule);
    if (problem === undefined) loading.isGood();
    return problem;
  }
  const { error } = loaded;
  const stack = loadDefinition(mapped(), definition, good).result()?.error?.stack ?? '';
  return loadProblem(placeIn(stack, isOwn) ?? shown(definition.file), error);
}

/** The first module of the app in a stack, with its line. */
function placeIn(stack: string, isOwn: DefinitionBundle['isOwn']): string | undefined {
  for (const [, place = '', line] of stack.matchAll(/(?:\(|at )((?:file:|\/|[A-Z]:\\)[^()]*?):(\d+):\d+\)?$/gm)) {
    const path = place.startsWith('file:') ? fileURLToPath(place) : place;
    if (isOwn(path) && existsSync(path)) return `${shown(path)}:${line}`;
  }
  return undefined;
}
