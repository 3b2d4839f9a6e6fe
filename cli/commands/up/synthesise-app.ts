import { join } from 'node:path';
import { synthesiseOrReuse } from 'freshet-local/internal/synthesis/reuse';
import { synthesise } from 'freshet-local/internal/synthesise';
import type { CommandIo } from '../../io.ts';
import type { UpOptions } from './options.ts';

/** The options of `freshet up` that a synthesis depends on. */
export type SynthesisOptions = Pick<UpOptions, 'context' | 'stacks' | 'cache'>;

/**
 * Synthesises the app of the current folder, or copies the assembly of an earlier start that had the same inputs.
 *
 * @param more context values that override those of the options
 */
export async function synthesiseApp(
  { cwd, env }: Pick<CommandIo, 'cwd' | 'env'>,
  { context, stacks, cache }: SynthesisOptions,
  { assembly, signal, more }: { assembly: string; signal: AbortSignal; more?: Readonly<Record<string, unknown>> },
): Promise<'reused' | 'synthesised'> {
  const options = { assembly, signal, env, context: { ...context, ...more }, ...(stacks && { stacks }) };
  if (cache) return synthesiseOrReuse(cwd, { ...options, cache: join(cwd, '.freshet', 'assemblies') });
  await synthesise(cwd, options);
  return 'synthesised';
}
