import { Option } from 'commander';
import { createFlow, type Flow } from 'freshet-aws/internal/adapters/govern/flow';
import { type FlowTable, readDecision } from 'freshet-aws/internal/adapters/govern/flow-table';
import { BackpressureError } from 'freshet-aws/internal/core/govern/admit';
import type { FlowDecision } from 'freshet-aws/internal/core/govern/decide';
import { EXIT } from './errors.ts';
import { interruptible } from './in-session.ts';
import { durationOf, grouped, perSecond, shortDuration } from './numbers.ts';

/** A write that waits for longer is told of: what is paced waits a moment at every other turn. */
const TOLD_AFTER_MS = 1_000;

/** How often a wait that lasts is told of again. */
const TOLD_EVERY_MS = 15_000;

/** The option `--max-wait`, milliseconds once parsed. @param byDefault such as 30s */
export function maxWaitOption(byDefault: string): Option {
  const parse = durationOf('--max-wait');
  return new Option('--max-wait <span>', 'while a cache lags: how long to wait to be let through; 0s fails at once')
    .argParser(parse)
    .default(parse(byDefault), byDefault);
}

/** The option `--priority`. */
export function priorityOption(): Option {
  return new Option('--priority', 'exempt from flow control, for what must not wait, such as a withdrawal');
}

/** What the help of a command that writes says of flow control. */
export const BACKPRESSURE_HELP = `
While a cache lags, its owner slows or refuses writers: a write then waits by itself, as long as retry-after says and a random part more, up to
--max-wait. What isn't let through by then, or would have to wait for longer, is refused and not written.`;

/**
 * An owner's flow control that tells of waits: what lags, and by how much. Several writers that wait at once are told of once.
 *
 * @param tell undefined where nobody watches
 */
export function createToldFlow(table: FlowTable, tell: ((line: string) => void) | undefined): Flow {
  const flow = createFlow(table);
  if (tell === undefined) return flow;
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const decision = await readDecision(table).catch(() => undefined);
    if (waiting === 0) return;
    if (decision !== undefined && decision.state !== 'normal') tell(waitingLine(decision));
    timer = setTimeout(look, TOLD_EVERY_MS).unref();
  };
  return {
    ...flow,
    async enter(entity, options) {
      waiting += 1;
      if (waiting === 1) timer = setTimeout(look, TOLD_AFTER_MS);
      try {
        await flow.enter(entity, options);
      } finally {
        waiting -= 1;
        if (waiting === 0) clearTimeout(timer);
      }
    },
  };
}

/** Why a writer waits, for a person: `waiting: cache ordering lags by 61,000 events, drained in 4m; writes are refused`. */
export function waitingLine({ state, cause, pacePerSecond, retryAfterSeconds }: FlowDecision): string {
  const lag = cause === undefined ? 'a cache lags' : `cache ${cause.cache} lags by ${grouped(cause.backlog)} events`;
  const drain =
    cause === undefined
      ? ''
      : `, ${cause.drainSeconds === null ? 'no end in sight' : `drained in ${shortDuration(cause.drainSeconds * 1000)}`}`;
  const how =
    state === 'paced' && pacePerSecond !== undefined
      ? `writes are slowed to ${perSecond(pacePerSecond)}`
      : `writes are refused, the next try is in about ${shortDuration(retryAfterSeconds * 1000)}`;
  return `waiting: ${lag}${drain}; ${how}`;
}

/** What `--json` prints of a refusal. */
export function refusalJson({ code, message, entity, ...why }: BackpressureError) {
  const { cache = null, backlog = null, drainSeconds = null, retryAfterSeconds } = why;
  return { outcome: 'refused', code, entity, cache, backlog, drainSeconds, retryAfterSeconds, message };
}

/**
 * Makes one write and returns the command's exit code. Ctrl-C ends a wait, with nothing written; a refusal is printed as JSON where that is
 * asked for, and thrown.
 */
export async function writeOnce(
  write: (signal: AbortSignal) => Promise<number>,
  options: { readonly json?: boolean | undefined },
): Promise<number> {
  return interruptible(async (signal) => {
    try {
      return await write(signal);
    } catch (error) {
      if (!(error instanceof BackpressureError)) throw error;
      if (signal.aborted) {
        process.stderr.write('interrupted while waiting; nothing was written\n');
        return EXIT.interrupted;
      }
      if (options.json) process.stdout.write(`${JSON.stringify(refusalJson(error))}\n`);
      throw error;
    }
  });
}
