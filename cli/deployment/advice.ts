import { callOf } from '../clients/patient.ts';
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
  const call = callOf(error) ?? 'a request';
  const attempts = '$metadata' in error ? ((error.$metadata as { attempts?: number }).attempts ?? 1) : 1;
  const failed = attempts > 1 ? `${call} failed ${attempts} times` : `${call} failed`;
  const advice = isLocal ? [localAdvice(error)] : adviceByName(error);
  return [`${place}: ${failed}. ${why}`, ...advice].join(' ');
}

function localAdvice(error: Error): string {
  const start = `start it again: ${typed('up')}`;
  if (error.name !== 'TimeoutError') return `If it was stopped, ${start}`;
  return `If the machine is busy, run the command again. If the local cloud was stopped, ${start}`;
}

/** What to check on AWS, by the names and codes of errors. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidToken|SignatureDoesNotMatch|CredentialsProvider/,
    'Renew your AWS credentials, such as with aws sso login, then run the command again.',
  ],
  [
    /AccessDenied|AuthorizationError|UnauthorizedOperation|NotAuthorized|KMSAccess/,
    'Check that these are the AWS credentials that you meant (--profile), and that they have the permissions that ' +
      '--help names.',
  ],
  [
    /Throttl|TooManyRequests|RequestLimitExceeded|ThroughputExceeded|LimitExceeded|SlowDown/,
    'AWS limits the rate of these requests: wait a minute, then run the command again. If a function answers so each ' +
      'time, it is stopped (a reserved concurrency of 0).',
  ],
  [
    /NotFound|NonExistent|DoesNotExist/,
    'Something that the outputs of the stack name was deleted, or is in another account or region. Check --region, ' +
      'and deploy the stack again.',
  ],
  [
    /Timeout|TimedOut|ETIMEDOUT|ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|NetworkingError/,
    'AWS did not answer. Check your network and --region, then run the command again.',
  ],
];

function adviceByName(error: Error): string[] {
  const names = `${error.name} ${codeOf(error)}`;
  const found = ADVICE.find(([pattern]) => pattern.test(names));
  return found === undefined ? [] : [found[1]];
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';
}
