import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { entityName, entityRef } from 'freshet-aws/internal/core/entity';
import { EXIT, UsageError } from './errors.ts';
import { inSession, interrupted, pause } from './in-session.ts';
import { integerOf } from './numbers.ts';
import { type CacheSession, ownerOf, type Session } from './session.ts';

interface ResyncOptions {
  /** Seconds; `true` for the default. */
  readonly wait?: number | true;
  readonly json?: boolean;
}

const DEFAULT_WAIT_SECONDS = 30;

/** Between two looks at whether a cache has it. */
const LOOK_MS = 100;

/** `freshet resync TYPE ID`: has the owner publish an entity once more. */
export function resyncCommand(): Command {
  return new Command('resync')
    .summary("publish an entity's whole state once more")
    .description(
      "Has the owner publish an entity's current state once more, in the order of its stream and for all caches. Its version stays.",
    )
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR; one that begins with a dash goes after --')
    .option(
      '--wait [seconds]',
      `wait until every cache that keeps the type holds the version; default ${DEFAULT_WAIT_SECONDS}`,
      integerOf('--wait', 1, 3_600),
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 requested, and with --wait everywhere, 1 with --wait: a cache does not have it yet; or something failed, 2 no such type, id or
entity, 130 interrupted.`,
    )
    .action(async (type: string, id: string, options: ResyncOptions) => {
      process.exitCode = await inSession((session, signal) => resync(session, type, id, options, signal));
    });
}

/** A request's own token: without one, topic and queues would take the message for one that they had. */
export function resyncToken(): string {
  return randomBytes(12).toString('base64url');
}

async function resync(
  session: Session,
  type: string,
  id: string,
  options: ResyncOptions,
  signal: AbortSignal,
): Promise<number> {
  const { owner, boundary } = ownerOf(session, type);
  const entity = entityRef(type, id);
  const owned = await owner.get(type, id);
  if (owned === undefined || (await owner.resync(type, id, resyncToken())) === 'unknown') {
    throw new UsageError(
      `id: ${boundary.name} has never had ${entityName(entity)}. If a cache has it: freshet reconcile CACHE --repair.`,
    );
  }
  const { version } = owned;
  const keepers = session.caches.filter((cache) => Object.hasOwn(cache.boundary.caches, type));
  const wait = options.wait === true ? DEFAULT_WAIT_SECONDS : (options.wait ?? 0);
  const without = wait === 0 ? [] : await cachesWithout(keepers, type, id, version, wait, signal);
  if (options.json) process.stdout.write(`${JSON.stringify({ entity, version, without })}\n`);
  else process.stdout.write(`${boundary.name}: ${entityName(entity)} version ${version} is published once more\n`);
  if (signal.aborted) return interrupted();
  for (const cache of without) {
    process.stderr.write(
      `${cache} doesn't hold it after ${wait} s; see: freshet parked list ${cache} --type ${type}\n`,
    );
  }
  if (wait > 0 && without.length === 0 && !options.json) {
    process.stdout.write(`${keepers.map((cache) => cache.boundary.name).join(', ') || 'no cache'}: there\n`);
  }
  return without.length > 0 ? EXIT.failed : EXIT.ok;
}

/** The caches that don't hold the version, or one above it, when the time is up. */
async function cachesWithout(
  caches: readonly CacheSession[],
  type: string,
  id: string,
  version: number,
  seconds: number,
  signal: AbortSignal,
): Promise<string[]> {
  const deadline = Date.now() + seconds * 1000;
  let left = caches;
  for (;;) {
    const held = await Promise.all(left.map(({ records }) => records.get({ type, id })));
    left = left.filter((_, index) => (held[index]?.version ?? 0) < version);
    if (left.length === 0 || signal.aborted || Date.now() >= deadline) return left.map((cache) => cache.boundary.name);
    await pause(LOOK_MS, signal);
  }
}
