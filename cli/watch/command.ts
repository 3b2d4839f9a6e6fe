import { Command, Option } from 'commander';
import { createLogUpdate } from 'log-update';
import { asking } from '../asking.ts';
import { EXIT, UsageError } from '../errors.ts';
import { interruptible, pause } from '../in-session.ts';
import { durationOf, integerOf } from '../numbers.ts';
import { openPlace, PLACE_HELP, type PlaceOptions, withPlace } from '../place.ts';
import type { Watched } from '../watched.ts';
import type { WatchView } from './document.ts';
import { createLook, type Look } from './look.ts';
import { MAX_SPARK, renderLine, renderPage } from './render.ts';

interface WatchOptions extends PlaceOptions {
  /** Milliseconds. */
  readonly interval: number;
  /** Refreshes until it ends by itself; undefined: never. */
  readonly count?: number;
  readonly json?: boolean;
}

const MAX_COUNT = 1_000_000;

/** `freshet watch`: the same figures, live. */
export function watchCommand(): Command {
  const command = new Command('watch')
    .summary('watch rates, backlog, drain time, lead time, hottest group and flow state, live')
    .description(
      'Shows for each cache production and consumption rate, backlog and lead time as curves, with drain time, staleness and hottest group, and how each owner lets its writers write. Ends with Ctrl-C.',
    );
  return withPlace(command)
    .addOption(
      new Option('--interval <span>', 'between two refreshes, 1s to 1h').argParser(intervalOf).default(1_000, '1s'),
    )
    .addOption(new Option('--count <n>', 'end after so many refreshes').argParser(integerOf('--count', 1, MAX_COUNT)))
    .option('--json', 'print each refresh as one line of JSON')
    .addHelpText(
      'after',
      `
Where standard output is no terminal, each refresh is one line of text.
${PLACE_HELP}

  in, out        events a second produced and consumed: locally of the last 5 seconds, on AWS of the newest minute that CloudWatch has
  backlog        messages that wait in the queue or are under way, now
  lead p50, p99  from the owner's commit to applied in the cache, of the same time
  drain time     backlog / (out - in); ∞ while out isn't above in (JSON: null)
  staleness      time since each type of the cache was last known to be complete, as it last reported
  hottest group  the message group, which is an entity, that most events of the last 5 minutes were of, counted of each batch its hottest
  flow           normal, paced to writes a second, or refusing; and the cache that it is since of

On AWS the backlog and the flow state are asked at each refresh, and CloudWatch, which bills what is asked, each 30 seconds. A refresh that
fails there is left out; the third one in a row ends it.

Exit codes: 0 ended by Ctrl-C or --count, 2 it can't be asked, or no longer.`,
    )
    .action(async (options: WatchOptions) => {
      process.exitCode = await watch(options);
    });
}

async function watch(options: WatchOptions): Promise<number> {
  const watched = await openPlace(options);
  try {
    return await interruptible((signal) => refresh(watched, options, signal));
  } finally {
    watched.close();
  }
}

async function refresh(watched: Watched, options: WatchOptions, signal: AbortSignal): Promise<number> {
  const look = patient(watched, createLook(watched));
  const screen = options.json || !process.stdout.isTTY ? lines(options.json ?? false) : page(watched.place);
  try {
    for (let refreshes = 1; !signal.aborted; refreshes += 1) {
      const beginMs = performance.now();
      const view = await look().catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      if (signal.aborted) break;
      if (view !== undefined) screen.show(view);
      if (refreshes === options.count) break;
      await pause(Math.max(0, options.interval - (performance.now() - beginMs)), signal);
    }
    return EXIT.ok;
  } finally {
    screen.end();
  }
}

/** Fails in a row that end it on AWS, where a call now and then does; the local cloud that doesn't answer once is gone. */
const MAX_FAILURES = 3;

/** Passes over looks that fail, within reason. */
function patient(watched: Watched, look: Look): () => Promise<WatchView | undefined> {
  let failures = 0;
  return async () => {
    try {
      const view = await asking(watched, look);
      failures = 0;
      return view;
    } catch (error) {
      failures += 1;
      if (watched.isLocal || failures >= MAX_FAILURES) throw error;
      return undefined;
    }
  };
}

/** Where the looks are shown. */
interface Screen {
  show(view: WatchView): void;
  end(): void;
}

function lines(json: boolean): Screen {
  return {
    show: (view) => void process.stdout.write(`${json ? JSON.stringify(view) : renderLine(view)}\n`),
    end: () => {},
  };
}

function page(place: string): Screen {
  const update = createLogUpdate(process.stdout);
  let views: readonly WatchView[] = [];
  return {
    show(view) {
      views = [...views, view].slice(-MAX_SPARK);
      update(renderPage(views, place, process.stdout.columns));
    },
    // Leaves the last page and brings the cursor back.
    end: () => update.done(),
  };
}

function intervalOf(given: string): number {
  const intervalMs = durationOf('--interval')(given);
  if (intervalMs >= 1_000 && intervalMs <= 3_600_000) return intervalMs;
  throw new UsageError(`--interval: given: ${given}. Allowed: 1s to 1h.`);
}
