import { setTimeout as timeout } from 'node:timers/promises';
import type { Reporter } from 'freshet-local/internal/story';
import { loadPage, type PageFiles } from '../../console/page-files.ts';
import type { Console } from '../../console/server.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import type { CommandIo } from '../../io.ts';
import type { openConsole } from '../console/open.ts';

/** The console that `freshet up` serves beside the local cloud. */
export interface UpConsole {
  /**
   * Starts the console, once its page is built. Resolves once the console has started or has failed, but after
   * `waitMs` at the latest: a slow build doesn't hold up the story for longer.
   */
  open(deployment: Deployment): Promise<void>;
  /** Lets the console read another deployment from now on. */
  replace(deployment: Deployment): void;
  close(): Promise<void>;
}

/** The settings of `createUpConsole`. */
export interface UpConsoleOptions {
  /** @default - see `startConsole` */
  readonly port?: number | undefined;
  /** The longest wait for the page's build, in milliseconds. @default 60,000 */
  readonly waitMs?: number;
  /** What a test replaces. @default - the page of this package */
  readonly load?: (options: { readonly signal: AbortSignal }) => Promise<PageFiles>;
  /** What a test replaces. @default - `openConsole` */
  readonly start?: typeof openConsole;
}

/** A build takes seconds, and on a machine that does much else, tens of them. */
const WAIT_MS = 60_000;

/** Loads the server only when it starts: a run without a console doesn't need it. */
const openLater: typeof openConsole = async (...given) => (await import('../console/open.ts')).openConsole(...given);

/** Begins to build the page. The console says in one line where it is, or why there is none. */
export function createUpConsole(
  io: CommandIo,
  report: Pick<Reporter, 'print'>,
  { port, waitMs = WAIT_MS, load = loadPage, start = openLater }: UpConsoleOptions = {},
): UpConsole {
  const stop = new AbortController();
  const loading = load({ signal: stop.signal });
  // The failure is told when the console would start.
  loading.catch(() => undefined);
  let deployment: Deployment | undefined;
  let running: Promise<Console | undefined> = Promise.resolve(undefined);

  async function serve(): Promise<Console | undefined> {
    try {
      const page = await loading;
      if (stop.signal.aborted || deployment === undefined) return undefined;
      const first = deployment;
      const opened = await start(first, { io, page, port });
      if (deployment !== first) opened.replace(deployment);
      report.print(`console: ${opened.url}`);
      return opened;
    } catch (error) {
      if (!stop.signal.aborted) report.print(`  ! no console: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  return {
    async open(first) {
      deployment = first;
      running = serve();
      const started = new AbortController();
      const isLate = timeout(waitMs, true, { signal: started.signal }).catch(() => false);
      const ended = running.then(() => started.abort());
      if ((await Promise.race([ended, isLate])) === true && !stop.signal.aborted)
        report.print("  the console's page is still being built; its address follows");
    },
    replace(next) {
      deployment = next;
      void running.then((console) => console?.replace(next));
    },
    async close() {
      stop.abort();
      await (await running)?.close();
    },
  };
}
