import { Command } from 'commander';
import { cachedType } from 'freshet-aws/internal/core/contract/define-boundary';
import { type EntityRef, entityName, entityRef, messageGroupId, printable } from 'freshet-aws/internal/core/entity';
import type { Released } from 'freshet-aws/internal/core/repair/redrive';
import { FunctionFailed } from '../clients/invoke.ts';
import type { FoundCache } from '../deployment/deployment.ts';
import { EXIT } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { confirmed, yesOption } from '../output/confirm.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';
import { describeEnded, endedJson, endedOf } from './parked/outcomes.ts';

interface ReleaseOptions extends DeploymentOptions {
  readonly drop?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `freshet release CACHE TYPE ID`: lets a cache store a stopped entity again. */
export function releaseCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('release'))
    .summary('release a stopped entity')
    .description(
      'Replays the parked and held events of a stopped entity in order, or drops them with --drop. Then the cache ' +
        'stores new events of the entity again. If an event still cannot be applied, the entity stays stopped and ' +
        'no event is lost.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; if the id begins with a dash, put -- before it')
    .option('--drop', 'drop the events instead of replaying them')
    .addOption(yesOption())
    .option('--json', 'print the outcome of each event as JSON')
    .addHelpText(
      'after',
      `
After --drop, the cache may lack changes of the entity. To send the current state to the cache, run the command resync.
${deploymentHelp(['dynamodb:Query', 'lambda:InvokeFunction'])}
Exit codes:
  0  the entity is released, or was not stopped
  1  the entity is still stopped, you did not confirm, or something failed
  2  the cache or the type is unknown, or the id is invalid`,
    )
    .action(async (cache: string, type: string, id: string, options: ReleaseOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => release(work, [cache, type, id], options), 'write');
    });
}

async function release(
  work: Work,
  [name, type, id]: readonly [string, string, string],
  options: ReleaseOptions,
): Promise<number> {
  const cache = work.deployment.findCache(name);
  // Without contracts, as on the laptop of somebody who has no copy of the app, the type can't be checked.
  if ((await cache.types()) !== undefined) cachedType((await cache.open()).boundary, type);
  const entity = entityRef(type, id);
  const { drop = false, yes = false } = options;
  if (drop) {
    const count = (await cache.parked.ofGroup(messageGroupId(entity))).length;
    const question = `Drop all ${count} events of ${entityName(entity)} that are parked or held at the cache ${name}?`;
    if (!(await confirmed(work, question, yes))) {
      work.io.stderr.write('nothing was dropped\n');
      return EXIT.failed;
    }
  }
  const answer = await cache.repair.release(type, id, drop);
  if (answer.kind === 'failed') throw new FunctionFailed('repair function', name, answer.message);
  return tell(work.io, cache, entity, answer.value, options);
}

async function tell(
  { stdout, stderr }: CommandIo,
  cache: FoundCache,
  entity: EntityRef,
  { status, redriven }: Released,
  options: ReleaseOptions,
): Promise<number> {
  const { drop, json } = options;
  const ended = redriven.map(endedOf);
  const name = `${cache.name}: ${entityName(entity)}`;
  const stopped = status === 'still-stopped';
  // The first event that is left is the parked event; its reason is why the entity is stopped.
  const head = stopped ? (await cache.parked.ofGroup(messageGroupId(entity)))[0] : undefined;
  const why = head && { reason: head.reason, explanation: printable(head.explanation) };
  if (json) {
    stdout.write(`${JSON.stringify({ status, events: endedJson(ended), ...why })}\n`);
    return stopped ? EXIT.failed : EXIT.ok;
  }
  for (const one of ended) stdout.write(`${describeEnded(one)}\n`);
  if (stopped) stdout.write(`${name} is still stopped: ${why?.reason}: ${why?.explanation}\n`);
  else stdout.write(`${name} ${status === 'released' ? 'is released' : 'was not stopped'}\n`);
  if (status === 'released' && drop) {
    const resync = typed('resync', options, [entity.type, entity.id]);
    stderr.write(`the cache may lack the changes that were dropped. To publish the current state again: ${resync}\n`);
  }
  return stopped ? EXIT.failed : EXIT.ok;
}
