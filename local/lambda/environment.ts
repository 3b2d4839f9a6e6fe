import type { EventLoopUtilization } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import type { InvokeResult } from './invoke-result.ts';

/** The function of an execution environment. */
export interface EnvironmentConfig {
  readonly name: string;
  readonly arn: string;
  /** Folder of the bundle. */
  readonly codeDir: string;
  /** File and export, for example `index.handler`. */
  readonly handler: string;
  /** The function's `process.env`. */
  readonly environment: Record<string, string>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

/** One worker thread with the function's bundle. It processes one invocation at a time. */
export interface ExecutionEnvironment {
  /** False once the worker has ended: by timeout, crash or `terminate`. */
  readonly alive: boolean;
  /** The duration of the last invocation, without loading the bundle; 0 if the bundle was not loaded. */
  readonly durationMs: number;
  /** The share of the last invocation in which the function only waited: 0 to 1. */
  readonly waitingShare: number;
  /** Runs the handler on an event in JSON. The promise resolves after `onLine` got the invocation's lines. */
  invoke(requestId: string, event: string): Promise<InvokeResult>;
  terminate(): Promise<void>;
}

type WorkerMessage =
  | { readonly type: 'log'; readonly line: string }
  | { readonly type: 'ready' }
  | { readonly type: 'initFailed'; readonly errorType: string; readonly errorMessage: string }
  | { readonly type: 'result'; readonly requestId: string; readonly payload: string }
  | { readonly type: 'failed'; readonly requestId: string; readonly errorType: string; readonly errorMessage: string };

/**
 * The time limit for loading a bundle, which doesn't count against the function's timeout.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html (Init phase)
 */
const INIT_TIMEOUT_MS = 10_000;
const WORKER_FILE = new URL('./worker.js', import.meta.url);

/** Starts an execution environment. The bundle is still loading when this function returns. */
export function startEnvironment(config: EnvironmentConfig, onLine: (line: string) => void): ExecutionEnvironment {
  const worker = startWorker(config);
  let alive = true;
  let ready = false;
  let durationMs = 0;
  let waitingShare = 0;
  let crash: Error | undefined;
  let settle: ((result: InvokeResult) => void) | undefined;
  let onReady: (() => void) | undefined;
  // Cleared at once: an exit that follows an invocation's end in the same turn isn't the exit of that invocation.
  const end = (result: InvokeResult) => {
    settle?.(result);
    settle = undefined;
  };
  const unhandled = (message: string) => end({ ok: false, error: 'Unhandled', message });
  // Node 20 aborts the whole process if a worker is terminated at the moment in which it begins to run its modules.
  const { promise: loaded, resolve: endLoading } = promiseWithResolver();
  const terminateAtOnce = () => {
    alive = false;
    void worker.terminate();
  };
  const terminate = async () => {
    alive = false;
    await loaded;
    await worker.terminate();
  };

  worker.on('message', (message: WorkerMessage) => {
    if (message.type === 'log') onLine(message.line);
    else if (message.type === 'ready') {
      endLoading();
      ready = alive;
      if (alive) onReady?.();
    } else if (message.type === 'result') end({ ok: true, payload: JSON.parse(message.payload) });
    else {
      // If loading fails, the next invocation loads the bundle again in a new environment.
      if (message.type === 'initFailed') {
        endLoading();
        void terminate();
      }
      unhandled(`${message.errorType}: ${message.errorMessage}`);
    }
  });
  worker.on('error', (error) => {
    alive = false;
    crash = error instanceof Error ? error : new Error(String(error));
  });
  // This event comes after the worker's last message, so the lines of a crashing function are not lost.
  worker.on('exit', (code) => {
    alive = false;
    endLoading();
    const exited = `Runtime.ExitError: Runtime exited with exit status ${code}`;
    if (settle !== undefined) onLine(crash ? uncaughtException(crash) : exited);
    unhandled(crash ? `${crash.name}: ${crash.message}` : exited);
  });

  async function invoke(requestId: string, event: string): Promise<InvokeResult> {
    let timer: NodeJS.Timeout | undefined;
    let startedAtMs: number | undefined;
    let before: EventLoopUtilization | undefined;
    const result = await new Promise<InvokeResult>((resolve) => {
      settle = resolve;
      const limit = (ms: number) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          terminateAtOnce();
          const message = `${requestId} Task timed out after ${(ms / 1000).toFixed(2)} seconds`;
          end({ ok: false, error: 'TimedOut', message });
        }, ms);
      };
      const start = () => {
        limit(config.timeoutMs);
        startedAtMs = performance.now();
        before = worker.performance.eventLoopUtilization();
        worker.postMessage({ requestId, event });
      };
      if (ready) return start();
      limit(INIT_TIMEOUT_MS);
      onReady = start;
    });
    clearTimeout(timer);
    durationMs = startedAtMs === undefined ? 0 : performance.now() - startedAtMs;
    waitingShare = before === undefined ? 0 : 1 - worker.performance.eventLoopUtilization(before).utilization;
    return result;
  }

  return {
    get alive() {
      return alive;
    },
    get durationMs() {
      return durationMs;
    },
    get waitingShare() {
      return waitingShare;
    },
    invoke,
    terminate,
  };
}

/** `Promise.withResolvers`, which Node 20 doesn't have. */
function promiseWithResolver() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** The line that Lambda's Node.js runtime logs when an error ends the process. */
function uncaughtException({ name, message, stack }: Error): string {
  const error = { errorType: name, errorMessage: message, stack: stack?.split('\n') };
  return `ERROR\tUncaught Exception\t${JSON.stringify(error)}`;
}

/**
 * The part of a heap for new objects, MiB. V8's default is 48 MiB, for each of some twenty environments. They are no
 * slower with less.
 */
const YOUNG_MB = 6;

function startWorker({ environment, ...workerData }: EnvironmentConfig): Worker {
  return new Worker(WORKER_FILE, {
    workerData,
    env: environment,
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, maxOldGenerationSizeMb: workerData.memoryMb },
  });
}
