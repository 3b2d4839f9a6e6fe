import { entityRef } from 'freshet-aws/internal/core/entity';
import { createGather } from '../../commands/why/gather.ts';
import { stationsOf } from '../../commands/why/stations.ts';
import { verdictOf } from '../../commands/why/verdict.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import type { DeploymentOptions } from '../../options/deployment-options.ts';
import { typed } from '../../output/typed.ts';
import type { WhyDocument } from './documents.ts';
import type { StoppedReads } from './stopped-reads.ts';

/**
 * Reads the way of an entity from its owner into a cache.
 *
 * @param on the options that name the deployment, for the commands that mend what is wrong
 */
export async function readWhy(
  deployment: Deployment,
  isStopped: StoppedReads,
  on: DeploymentOptions,
  input: { readonly cache: string; readonly type: string; readonly id: string },
): Promise<WhyDocument> {
  const nowMs = Date.now();
  const cache = deployment.findCache(input.cache);
  const entity = entityRef(input.type, input.id);
  const findings = await createGather(deployment, entity, nowMs, (name) => isStopped(name, nowMs))(cache);
  const found = verdictOf(findings);
  const { verdict, isCertain, explanation, mend } = found;
  return {
    at: new Date(nowMs).toISOString(),
    cache: cache.name,
    ...entity,
    verdict,
    isCertain,
    explanation,
    mend: mend.map((step) => ('command' in step ? { command: typed(step.command, on, step.args) } : step)),
    steps: stationsOf(findings, found),
  };
}
