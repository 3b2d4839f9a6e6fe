import { FreshetError, type FreshetErrorCode } from 'freshet-aws/internal/core/errors';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Deployment } from '../deployment/deployment.ts';
import { RequestFailed, UsageError } from '../errors.ts';
import type { DeploymentOptions } from '../options/deployment-options.ts';
import { explained } from '../work.ts';
import type { ErrorDocument } from './api/documents.ts';
import { NotFound } from './api/reads-interface.ts';

const UNKNOWN: readonly FreshetErrorCode[] = ['UnknownCache', 'UnknownEntityType', 'UnknownOwner'];

/** An answer that says what went wrong. */
export interface Failure {
  readonly status: ContentfulStatusCode;
  readonly body: ErrorDocument;
}

/** What an answer says of a deployment. */
export type Place = Pick<Deployment, 'place' | 'isLocal'>;

/** The answer to a request that failed. It has the message of the error, and never its stack trace. */
export function failureOf(deployment: Place, on: DeploymentOptions, thrown: unknown): Failure {
  const error = explained(deployment, on, thrown);
  return { status: statusOf(error), body: { error: error instanceof Error ? error.message : String(error) } };
}

function statusOf(error: unknown): ContentfulStatusCode {
  if (error instanceof NotFound) return 404;
  if (error instanceof FreshetError) return UNKNOWN.includes(error.code) ? 404 : 400;
  if (error instanceof UsageError) return 400;
  return error instanceof RequestFailed ? 502 : 500;
}
