import { randomUUID } from 'node:crypto';
import { type ExecutionEnvironment, startEnvironment } from './environment.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { InvokeResult } from './invoke-result.ts';

/** The state of a function. Counts start at its deployment. */
export interface FunctionState {
  readonly name: string;
  readonly arn: string;
  /** Invocations that run or wait for an execution environment. */
  readonly running: number;
  /** True while the reserved concurrency is 0. */
  readonly stopped: boolean;
  readonly invocations: number;
  /** Invocations that ended with `Unhandled` or `TimedOut`, by the rule of CloudWatch's metric `Errors`. */
  readonly errors: number;
  readonly timeouts: number;
  readonly throttles: number;
  readonly coldStarts: number;
}

/** An invocation that has ended. */
export interface EndedInvocation {
  readonly ok: boolean;
  /** From passing the event to the answer, without loading the bundle. */
  readonly durationMs: number;
  /** The function's memory, MiB. */
  readonly memoryMb: number;
  /** The function's running invocations at the end of this one, including this one. */
  readonly concurrent: number;
}

/** What a pool needs from its host. */
export interface PoolOptions {
  readonly definition: FunctionDefinition;
  readonly arn: string;
  /** Most execution environments. */
  readonly concurrency: number;
  /** Returns the environment variables. Called for each cold start. */
  readonly environment: () => Record<string, string>;
  readonly onLog: (line: string) => void;
  readonly onInvocation: (invocation: EndedInvocation) => void;
  readonly onThrottle: () => void;
}

/** The execution environments of one function, and the invocations that wait for one. */
export interface FunctionPool {
  state(): FunctionState;
  /** @param event in JSON @param kill terminates the execution environment when it aborts */
  invoke(event: string, kill: AbortSignal | undefined): Promise<InvokeResult>;
  /** 0 stops the function, which throttles the waiting invocations; undefined removes the limit. */
  setReservedConcurrency(concurrency: number | undefined): void;
  /** Terminates all execution environments and throttles the waiting invocations. */
  stop(): Promise<void>;
}

interface Invocation {
  readonly requestId: string;
  readonly event: string;
  readonly kill: AbortSignal | undefined;
  resolve(result: InvokeResult): void;
}

export function createFunctionPool(options: PoolOptions): FunctionPool {
  const { definition, arn, concurrency, onLog, onInvocation, onThrottle } = options;
  const { name, memoryMb } = definition;
  const counts = { running: 0, invocations: 0, errors: 0, timeouts: 0, throttles: 0, coldStarts: 0 };
  const environments = new Set<ExecutionEnvironment>();
  const idle: ExecutionEnvironment[] = [];
  const waiting: Invocation[] = [];
  let limit = concurrency;
  let isStopped = false;

  const busy = (): number => environments.size - idle.length;

  function startCold(): ExecutionEnvironment {
    counts.coldStarts += 1;
    const environment = startEnvironment({ ...definition, arn, environment: options.environment() }, onLog);
    environments.add(environment);
    return environment;
  }

  async function run(
    environment: ExecutionEnvironment,
    { requestId, event, kill, resolve }: Invocation,
  ): Promise<void> {
    const terminate = () => void environment.terminate();
    kill?.addEventListener('abort', terminate, { once: true });
    const result = await environment.invoke(requestId, event);
    onInvocation({ ok: result.ok, durationMs: environment.durationMs, memoryMb, concurrent: busy() });
    kill?.removeEventListener('abort', terminate);
    counts.running -= 1;
    if (!result.ok) counts.errors += 1;
    if (!result.ok && result.error === 'TimedOut') {
      counts.timeouts += 1;
      onLog(result.message);
    }
    if (environment.alive) idle.push(environment);
    else environments.delete(environment);
    resolve(result);
    startWaiting();
  }

  function startWaiting(): void {
    while (waiting.length > 0 && busy() < limit) {
      let environment = idle.pop();
      if (environment && !environment.alive) {
        environments.delete(environment);
        continue;
      }
      const invocation = waiting.shift();
      if (!invocation) return;
      environment ??= startCold();
      void run(environment, invocation);
    }
  }

  function throttle(resolve: Invocation['resolve']): void {
    counts.throttles += 1;
    onThrottle();
    resolve({ ok: false, error: 'Throttled', message: `Rate Exceeded: ${name} has no concurrency` });
  }

  return {
    state: () => ({ name, arn, stopped: isStopped, ...counts }),
    invoke: (event, kill) =>
      new Promise((resolve) => {
        if (isStopped) return throttle(resolve);
        counts.running += 1;
        counts.invocations += 1;
        waiting.push({ requestId: randomUUID(), event, kill, resolve });
        startWaiting();
      }),
    setReservedConcurrency(reserved) {
      isStopped = reserved === 0;
      limit = Math.min(concurrency, reserved ?? concurrency);
      for (const { resolve } of isStopped ? waiting.splice(0) : []) {
        counts.running -= 1;
        counts.invocations -= 1;
        throttle(resolve);
      }
      startWaiting();
    },
    async stop() {
      isStopped = true;
      for (const { resolve } of waiting.splice(0)) {
        counts.running -= 1;
        throttle(resolve);
      }
      await Promise.all([...environments].map((each) => each.terminate()));
    },
  };
}
