import { entityName } from 'freshet-aws/internal/core/entity';
import type { DeploymentOptions } from '../../options/deployment-options.ts';
import { typed } from '../../output/typed.ts';
import type { Findings } from './findings.ts';
import { stationsOf } from './stations.ts';
import type { Step, Verdict } from './verdict-parts.ts';

/**
 * The way of an entity from its owner into a cache, as lines of text.
 *
 * @param on the options that named the deployment
 */
export function storyOf(findings: Findings, verdict: Verdict, place: string, on: DeploymentOptions = {}): string {
  const { type, id, cache } = findings;
  const stations = stationsOf(findings, verdict);
  const width = Math.max(...stations.map(({ name }) => name.length));
  const lines = stations.map(({ name, text }) => `  ${name.padEnd(width)}  ${text}`);
  const steps = verdict.mend.map((step) => `  ${stepText(step, on)}`);
  return [
    `${entityName({ type, id })} in ${cache.name}, ${place}`,
    ...lines,
    '',
    `${verdict.verdict}${verdict.isCertain ? '' : ' (likely)'}: ${verdict.explanation}`,
    ...(steps.length === 0 ? [] : ['To mend it:', ...steps]),
  ].join('\n');
}

/** A step of a repair as you type or do it. @param on the options that named the deployment */
function stepText(step: Step, on: DeploymentOptions): string {
  return 'command' in step ? typed(step.command, on, step.args) : step.text;
}
