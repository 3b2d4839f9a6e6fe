import { UsageError } from '../errors.ts';
import { typed } from '../output/typed.ts';
import type { Deployment } from './deployment.ts';

/**
 * Sends requests to a deployment.
 *
 * @throws UsageError that names the deployment, the failure and what to check
 */
export async function withAdvice<T>(deployment: Place, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw new UsageError(adviceOn(deployment, error), { cause: error });
  }
}

type Place = Pick<Deployment, 'place' | 'isLocal'>;

/** Names the deployment, the failure of a request and what to check. */
export function adviceOn({ place, isLocal }: Place, error: Error): string {
  // If a connection to several addresses fails, the error has a code but no message.
  const why = `${error.name}: ${error.message || codeOf(error)}`.replace(/\.?$/, '.');
  const advice = isLocal
    ? `If it was stopped, start it again: ${typed('up')}`
    : 'Check your AWS credentials, their permissions (see --help) and the region.';
  return `${place}: a request failed. ${why} ${advice}`;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';
}
