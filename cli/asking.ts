import { UsageError } from './errors.ts';
import type { Watched } from './watched.ts';

/** Asks a deployment, and throws a `UsageError` that says who didn't answer and what to do. */
export async function asking<T>(
  { place, isLocal }: Pick<Watched, 'place' | 'isLocal'>,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    // Connection errors of several addresses come as one without a message.
    const why = `${error.name}: ${error.message || codeOf(error)}`.replace(/\.?$/, '.');
    const advice = isLocal
      ? 'If it was stopped, start it again: npm start'
      : 'Check the credentials, their rights (see --help) and the region.';
    throw new UsageError(`${place} doesn't answer. ${why} ${advice}`, { cause: error });
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';
}
