import { UsageError } from '../errors.ts';
import { typed } from '../output/typed.ts';
import type { Deployment } from './deployment.ts';

/**
 * Asks a deployment for something.
 *
 * @throws UsageError that names the deployment that doesn't answer, and what to check
 */
export async function withAdvice<T>(
  { place, isLocal }: Pick<Deployment, 'place' | 'isLocal'>,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    // An error about several addresses has no message of its own.
    const why = `${error.name}: ${error.message || codeOf(error)}`.replace(/\.?$/, '.');
    const advice = isLocal
      ? `If it was stopped, start it again: ${typed('up')}`
      : 'Check the credentials, their rights (see --help) and the region.';
    throw new UsageError(`${place} doesn't answer. ${why} ${advice}`, { cause: error });
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';
}
