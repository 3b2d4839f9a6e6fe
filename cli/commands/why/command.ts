import { Command } from 'commander';
import { entityRef } from 'freshet-aws/internal/core/entity';
import { isTombstone } from 'freshet-aws/internal/core/own/own';
import { EXIT } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { inDeployment, type Work } from '../../work.ts';
import type { Findings } from './findings.ts';
import { gatherFindings } from './gather.ts';
import { storyOf } from './story.ts';
import { verdictOf } from './verdict.ts';
import type { Verdict } from './verdict-parts.ts';

interface WhyOptions extends DeploymentOptions {
  readonly json?: boolean;
}

/** `freshet why CACHE TYPE ID`: says why an entity is in a cache as it is. */
export function whyCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('why'))
    .summary('say why an entity is in a cache as it is')
    .description(
      'Follows one entity from its owner into a cache: its version at the owner, its publication, the queue, and what ' +
        'the cache has, parked or holds. It ends with a verdict, and with the command that mends what is wrong.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; if the id begins with a dash, put -- before it')
    .option('--json', 'print the findings and the verdict as JSON')
    .addHelpText('after', HELP)
    .action(async (cache: string, type: string, id: string, options: WhyOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => why(work, [cache, type, id], options));
    });
}

const HELP = `
A verdict is "likely" if it follows from what the command didn't find: the messages in a queue can't be searched.
Without the contracts of the cache, the command compares versions and digests only.
${deploymentHelp(['cloudwatch:GetMetricData', 'dynamodb:GetItem', 'dynamodb:Query', 'lambda:GetFunctionConcurrency', 'sqs:GetQueueAttributes'])}
Exit codes:
  0  the cache is as it should be: the verdict is current, deleted, unknown or not-kept
  1  it isn't, or something failed
  2  the cache is unknown, or the type or id is invalid`;

const WITHOUT_STATE = { stateJson: undefined, compressed: undefined };

/** The findings without the states, which may hold personal data: `freshet get` prints them. */
function findingsJson({ owner, cache, ...findings }: Findings, verdict: Verdict): string {
  const owned = owner?.owned;
  const { record } = cache;
  return JSON.stringify({
    ...verdict,
    findings: {
      ...findings,
      owner: owner && { ...owner, owned: owned && { ...owned, ...WITHOUT_STATE, isDeleted: isTombstone(owned) } },
      cache: {
        ...cache,
        record: record && { ...record, dataJson: undefined, isDeleted: record.dataJson === undefined },
      },
    },
  });
}

/** The verdicts after which nothing has to be mended. */
const AS_IT_SHOULD_BE: readonly string[] = ['current', 'deleted', 'unknown', 'not-kept'];

async function why(
  { io, deployment }: Work,
  [name, type, id]: readonly [string, string, string],
  options: WhyOptions,
): Promise<number> {
  const cache = deployment.findCache(name);
  const findings = await gatherFindings(deployment, cache, entityRef(type, id), Date.now());
  const verdict = verdictOf(findings);
  const text = options.json ? findingsJson(findings, verdict) : storyOf(findings, verdict, deployment.place, options);
  io.stdout.write(`${text}\n`);
  return AS_IT_SHOULD_BE.includes(verdict.verdict) ? EXIT.ok : EXIT.failed;
}
