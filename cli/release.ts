import { Command } from 'commander';
import { cachedType } from 'freshet-aws/internal/core/contract';
import { type EntityRef, entityName, entityRef, messageGroupId, printable } from 'freshet-aws/internal/core/entity';
import { quoted } from 'freshet-aws/internal/core/errors';
import type { Released } from 'freshet-aws/internal/core/repair/redrive';
import { confirmed, yesOption } from './confirm.ts';
import { EXIT } from './errors.ts';
import { inSession } from './in-session.ts';
import { describeEnded, endedJson, endedOf } from './parked/outcomes.ts';
import { type CacheSession, cacheNamed } from './session.ts';

interface ReleaseOptions {
  readonly drop?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `freshet release CACHE TYPE ID`: lets a stopped entity go on. */
export function releaseCommand(): Command {
  return new Command('release')
    .summary('let a stopped entity go on')
    .description(
      'Replays in order what is held behind a stopped entity at a cache, or drops it, and lets the entity go on. If an event still can not be ' +
        'applied, the entity stays stopped and nothing is lost.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; one that begins with a dash goes after --')
    .option('--drop', 'forget what is held instead of replaying it')
    .addOption(yesOption())
    .option('--json', 'print what became of each event as JSON')
    .addHelpText(
      'after',
      `
After --drop the cache may miss changes: resync the entity.

Exit codes: 0 it goes on, or was not stopped, 1 it is still stopped, not confirmed, or something failed, 2 no such cache, type or id.`,
    )
    .action(async (cache: string, type: string, id: string, options: ReleaseOptions) => {
      process.exitCode = await inSession((session, signal) =>
        release(cacheNamed(session, cache), [type, id], options, signal),
      );
    });
}

async function release(
  cache: CacheSession,
  [type, id]: [string, string],
  options: ReleaseOptions,
  signal: AbortSignal,
): Promise<number> {
  cachedType(cache.boundary, type);
  const entity = entityRef(type, id);
  const { drop = false, yes = false } = options;
  const group = messageGroupId(entity);
  if (drop) {
    const count = (await cache.aside.ofGroup(group)).length;
    const question = `Drop all ${count} events of ${entityName(entity)} that are set aside at ${cache.boundary.name}?`;
    if (!(await confirmed(question, yes, signal))) {
      process.stderr.write('nothing was dropped\n');
      return EXIT.failed;
    }
  }
  const answer = await cache.repair.release(type, id, drop);
  if (answer.kind === 'failed') throw new Error(`the repair function failed: ${answer.message}. Run it again.`);
  return tell(cache, entity, answer.value, options);
}

async function tell(
  cache: CacheSession,
  entity: EntityRef,
  { status, redriven }: Released,
  { drop, json }: ReleaseOptions,
): Promise<number> {
  const ended = redriven.map(endedOf);
  const name = `${cache.boundary.name}: ${entityName(entity)}`;
  const stopped = status === 'still-stopped';
  // What a release leaves is as it was: the first that is parked says what the entity is stopped for.
  const head = stopped ? (await cache.aside.ofGroup(messageGroupId(entity)))[0] : undefined;
  const why = head && { reason: head.reason, explanation: printable(head.explanation) };
  if (json) {
    process.stdout.write(`${JSON.stringify({ status, events: endedJson(ended), ...why })}\n`);
    return stopped ? EXIT.failed : EXIT.ok;
  }
  for (const one of ended) process.stdout.write(`${describeEnded(one)}\n`);
  if (stopped) process.stdout.write(`${name} is still stopped: ${why?.reason}: ${why?.explanation}\n`);
  else process.stdout.write(`${name} ${status === 'released' ? 'goes on' : 'was not stopped'}\n`);
  if (status === 'released' && drop) {
    process.stderr.write(`what was dropped may be missing here: freshet resync ${entity.type} ${quoted(entity.id)}\n`);
  }
  return stopped ? EXIT.failed : EXIT.ok;
}
