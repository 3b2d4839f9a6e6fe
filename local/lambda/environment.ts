import { Worker } from 'node:worker_threads';
import type { InvokeResult } from './invoke-result.ts';

/** What an execution environment needs to know of its function. */
export interface EnvironmentConfig {
  readonly name: string;
  readonly arn: string;
  /** Folder of the bundle. */
  readonly codeDir: string;
  /** File and export, for example `index.handler`. */
  readonly handler: string;
  /** All that the function sees as `process.env`. */
  readonly environment: Record<string, string>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

/** One worker thread with the function's bundle loaded; processes one invocation at a time. */
export interface ExecutionEnvironment {
  /** False once the worker has ended: by time-out, crash or `terminate`. */
  readonly alive: boolean;
  /** How long the last invocation took, the loading of the bundle not counted; 0 if it did not get as far. */
  readonly durationMs: number;
  /** Runs the handler on an event in JSON. Its log lines are delivered before the promise resolves. */
  invoke(requestId: string, event: string): Promise<InvokeResult>;
  terminate(): Promise<void>;
}

type WorkerMessage =
  | { type: 'log'; line: string }
  | { type: 'ready' }
  | { type: 'initFailed'; errorType: string; errorMessage: string }
  | { type: 'result'; requestId: string; payload: string }
  | { type: 'failed'; requestId: string; errorType: string; errorMessage: string };

/**
 * How long a bundle may take to load, apart from the function's time-out.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html (Init phase)
 */
const INIT_TIMEOUT_MS = 10_000;
const WORKER_FILE = new URL('./worker.js', import.meta.url);

/** Starts an execution environment; the bundle is loading when this returns. */
export function startEnvironment(config: EnvironmentConfig, onLine: (line: string) => void): ExecutionEnvironment {
  const { environment, ...workerData } = config;
  const worker = new Worker(WORKER_FILE, {
    workerData,
    env: environment,
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: config.memoryMb },
  });
  let alive = true;
  let ready = false;
  let durationMs = 0;
  let crash: Error | undefined;
  let settle: ((result: InvokeResult) => void) | undefined;
  let onReady: (() => void) | undefined;
  const unhandled = (message: string) => settle?.({ ok: false, error: 'Unhandled', message });
  const terminate = async () => {
    alive = false;
    await worker.terminate();
  };

  worker.on('message', (message: WorkerMessage) => {
    if (message.type === 'log') onLine(message.line);
    else if (message.type === 'ready') {
      ready = true;
      onReady?.();
    } else if (message.type === 'result') settle?.({ ok: true, payload: JSON.parse(message.payload) });
    else {
      // A bundle that does not load is loaded anew for the next invocation.
      if (message.type === 'initFailed') void terminate();
      unhandled(`${message.errorType}: ${message.errorMessage}`);
    }
  });
  worker.on('error', (error) => {
    alive = false;
    crash = error instanceof Error ? error : new Error(String(error));
  });
  // Comes after the last message, so the lines that a crashing function wrote are not lost.
  worker.on('exit', (code) => {
    alive = false;
    unhandled(crash ? `${crash.name}: ${crash.message}` : `Runtime.ExitError: Runtime exited with exit status ${code}`);
  });

  async function invoke(requestId: string, event: string): Promise<InvokeResult> {
    let timer: NodeJS.Timeout | undefined;
    let startedAtMs: number | undefined;
    const result = await new Promise<InvokeResult>((resolve) => {
      settle = resolve;
      const limit = (ms: number) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          void terminate();
          const message = `${requestId} Task timed out after ${(ms / 1000).toFixed(2)} seconds`;
          resolve({ ok: false, error: 'TimedOut', message });
        }, ms);
      };
      const start = () => {
        limit(config.timeoutMs);
        startedAtMs = performance.now();
        worker.postMessage({ requestId, event });
      };
      if (ready) return start();
      limit(INIT_TIMEOUT_MS);
      onReady = start;
    });
    clearTimeout(timer);
    durationMs = startedAtMs === undefined ? 0 : performance.now() - startedAtMs;
    settle = undefined;
    return result;
  }

  return {
    get alive() {
      return alive;
    },
    get durationMs() {
      return durationMs;
    },
    invoke,
    terminate,
  };
}
