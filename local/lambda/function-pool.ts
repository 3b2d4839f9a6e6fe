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
  /** The reserved concurrency; undefined without one. */
  readonly reserved?: number | undefined;
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
  /** Milliseconds from passing the event to the answer, without loading the bundle. */
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
  /** The maximum number of execution environments. @default - see {@link SLOW_MS} */
  readonly concurrency: number | undefined;
  /** Returns the environment variables. Called for each cold start. */
  readonly environment: (definition: FunctionDefinition) => Record<string, string>;
  readonly onLog: (line: string) => void;
  readonly onInvocation: (invocation: EndedInvocation) => void;
  readonly onThrottle: () => void;
}

/** Tells whether an event source mapping should take messages for a function off their queue now. */
export interface FunctionRoom {
  /**
   * Whether an invocation wouldn't wait: it would run or be throttled at once. A mapping ignores reserved concurrency
   * (repost.aws/knowledge-center/lambda-sqs-scaling).
   */
  hasRoom(): boolean;
  /** Calls the listener whenever an execution environment becomes free. Returns a function that ends the calls. */
  onRoom(listener: () => void): () => void;
}

/** The execution environments of one function, and the invocations that wait for one. */
export interface FunctionPool extends FunctionRoom {
  readonly timeoutMs: number;
  readonly definition: FunctionDefinition;
  state(): FunctionState;
  /** @param event in JSON @param kill terminates the execution environment when it aborts */
  invoke(event: string, kill: AbortSignal | undefined): Promise<InvokeResult>;
  /** Terminates the execution environments of the running invocations at once. Returns how many there were. */
  kill(): number;
  /**
   * Limits the concurrent invocations and throttles further ones (lambda/latest/dg/configuration-concurrency). 0 stops
   * the function, which throttles the waiting invocations too; undefined removes the limit.
   */
  setReservedConcurrency(concurrency: number | undefined): void;
  /**
   * Replaces the function's code and configuration. Running invocations end with the former ones. Later invocations
   * start new execution environments, unless only the folder of the same code has changed.
   */
  redeploy(definition: FunctionDefinition, isSameCode: boolean): void;
  /** Terminates all execution environments and throttles the waiting invocations. */
  stop(): Promise<void>;
}

interface Invocation {
  readonly requestId: string;
  readonly event: string;
  readonly kill: AbortSignal | undefined;
  resolve(result: InvokeResult): void;
}

/**
 * AWS starts an execution environment for each concurrent invocation. On one machine's few cores, that speeds up only
 * functions that wait, for example for another service. If a function's last invocation took `SLOW_MS` or longer and
 * waited for at least `WAITING_SHARE` of that time, the function gets as many environments as AWS would start. The
 * limit is `MOST_ENVIRONMENTS`, because an environment takes tens of megabytes. Every other function gets
 * `QUICK_ENVIRONMENTS`, because more environments would slow each other down on a busy machine.
 */
const SLOW_MS = 250;
const WAITING_SHARE = 0.95;
const QUICK_ENVIRONMENTS = 2;
const MOST_ENVIRONMENTS = 100;

export function createFunctionPool(options: PoolOptions): FunctionPool {
  const { arn, onLog, onInvocation, onThrottle } = options;
  const { name } = options.definition;
  let { definition } = options;
  /** Raised with each new code or configuration. An environment of a former one isn't used again. */
  let revision = 0;
  const counts = { running: 0, invocations: 0, errors: 0, timeouts: 0, throttles: 0, coldStarts: 0 };
  const environments = new Set<ExecutionEnvironment>();
  const idle: ExecutionEnvironment[] = [];
  const waiting: Invocation[] = [];
  const listeners = new Set<() => void>();
  let reserved: number | undefined;
  let isStopped = false;
  let mostlyWaits = false;

  const busy = (): number => environments.size - idle.length;
  const mostEnvironments = (): number => options.concurrency ?? (mostlyWaits ? MOST_ENVIRONMENTS : QUICK_ENVIRONMENTS);
  const isThrottled = (): boolean => isStopped || (reserved !== undefined && counts.running >= reserved);

  function startCold(): ExecutionEnvironment {
    counts.coldStarts += 1;
    const variables = options.environment(definition);
    const environment = startEnvironment({ ...definition, arn, environment: variables }, onLog);
    environments.add(environment);
    return environment;
  }

  async function run(
    environment: ExecutionEnvironment,
    { requestId, event, kill, resolve }: Invocation,
  ): Promise<void> {
    const terminate = () => void environment.terminate();
    kill?.addEventListener('abort', terminate, { once: true });
    const { memoryMb } = definition;
    const startedWith = revision;
    const result = await environment.invoke(requestId, event);
    const { durationMs } = environment;
    mostlyWaits = durationMs >= SLOW_MS && environment.waitingShare >= WAITING_SHARE;
    onInvocation({ ok: result.ok, durationMs, memoryMb, concurrent: busy() });
    kill?.removeEventListener('abort', terminate);
    counts.running -= 1;
    if (!result.ok) counts.errors += 1;
    if (!result.ok && result.error === 'TimedOut') {
      counts.timeouts += 1;
      onLog(result.message);
    }
    if (environment.alive && startedWith === revision) idle.push(environment);
    else drop(environment);
    resolve(result);
    startWaiting();
    for (const listener of listeners) listener();
  }

  function drop(environment: ExecutionEnvironment): void {
    environments.delete(environment);
    if (environment.alive) void environment.terminate();
  }

  function startWaiting(): void {
    while (waiting.length > 0 && busy() < mostEnvironments()) {
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
    get timeoutMs() {
      return definition.timeoutMs;
    },
    get definition() {
      return definition;
    },
    redeploy(given, isSameCode) {
      definition = given;
      if (isSameCode) return;
      revision += 1;
      for (const environment of idle.splice(0)) drop(environment);
    },
    state: () => ({ name, arn, stopped: isStopped, reserved, ...counts }),
    hasRoom: () => isThrottled() || busy() + waiting.length < mostEnvironments(),
    onRoom(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    invoke: (event, kill) =>
      new Promise((resolve) => {
        if (isThrottled()) return throttle(resolve);
        counts.running += 1;
        counts.invocations += 1;
        waiting.push({ requestId: randomUUID(), event, kill, resolve });
        startWaiting();
      }),
    kill() {
      const running = [...environments].filter((environment) => !idle.includes(environment));
      for (const environment of running) void environment.terminate();
      return running.length;
    },
    setReservedConcurrency(given) {
      reserved = given;
      isStopped = given === 0;
      for (const { resolve } of isStopped ? waiting.splice(0) : []) {
        counts.running -= 1;
        counts.invocations -= 1;
        throttle(resolve);
      }
      startWaiting();
      for (const listener of listeners) listener();
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
