import { randomUUID } from 'node:crypto';
import type { Credentials } from '../iam/access.ts';
import { type ExecutionEnvironment, startEnvironment } from './environment.ts';
import type { InvokeResult } from './invoke-result.ts';

/** A function to run. */
export interface FunctionDefinition {
  readonly name: string;
  /** Folder of the bundle. */
  readonly codeDir: string;
  /** File and export, for example `index.handler`. */
  readonly handler: string;
  readonly environment: Record<string, string>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Name of the log group that its lines belong to. @default /aws/lambda/ and the function's name */
  readonly logGroup?: string;
  /** Execution environments at most; further invocations wait in line. @default - that of the host */
  readonly concurrency?: number;
}

/** How a function is doing; the counts are since deployment. */
export interface FunctionState {
  readonly name: string;
  readonly arn: string;
  /** Invocations that run or wait for an execution environment. */
  readonly running: number;
  /** Reserved concurrency is 0. */
  readonly stopped: boolean;
  readonly invocations: number;
  /** Invocations that ended `Unhandled`, or `TimedOut`, as CloudWatch's `Errors` counts them. */
  readonly errors: number;
  readonly timeouts: number;
  readonly throttles: number;
  readonly coldStarts: number;
}

/** Runs Lambda functions in worker threads of this process. */
export interface FunctionHost {
  /** Makes a function known; throws if the name is taken. Its code is loaded at the first invocation. */
  deploy(definition: FunctionDefinition): { arn: string };
  /**
   * Invokes a function and waits for its answer. The event and the answer travel as JSON, as on AWS. All lines that the invocation wrote
   * have been given to `onLog` when the promise resolves; what it writes later counts for the next one. Throws for an unknown name.
   *
   * @param kill ends the execution environment at once when it aborts, as when the machine below it dies; the result is `Unhandled`
   */
  invoke(name: string, event: unknown, kill?: AbortSignal): Promise<InvokeResult>;
  /** As PutFunctionConcurrency: 0 stops the function (invocations are throttled), `undefined` removes the limit. */
  setReservedConcurrency(name: string, concurrency: number | undefined): void;
  functions(): FunctionState[];
  /** Ends all workers; invocations under way end `Unhandled`. */
  stop(): Promise<void>;
}

/** An invocation that has ended. */
export interface EndedInvocation {
  readonly ok: boolean;
  /** From handing over the event to the answer, the loading of the bundle not counted. */
  readonly durationMs: number;
  /** The function's memory, MiB. */
  readonly memoryMb: number;
  /** Invocations of the function that ran at its end, itself included. */
  readonly concurrent: number;
}

export interface FunctionHostOptions {
  /** Execution environments of a function at most: few, since they share this machine's cores. @default 2 */
  readonly concurrency?: number;
  readonly onLog?: (functionName: string, line: string, logGroup: string) => void;
  /** Told of each invocation that has ended. */
  readonly onInvocation?: (functionName: string, invocation: EndedInvocation) => void;
  /** Told of each invocation that was refused for want of concurrency. */
  readonly onThrottle?: (functionName: string) => void;
  /** Told when a function's reserved concurrency has changed. */
  readonly onConcurrencyChange?: (functionName: string) => void;
  /** Where the functions' AWS SDK clients find the services. */
  readonly endpoints: { dynamodb: string; sqs: string; sns: string; cloudwatch?: string };
  /** What a function's clients sign with. @default - `local`, which may do everything */
  readonly credentialsOf?: (functionName: string) => Credentials | undefined;
  readonly region: string;
  readonly accountId: string;
}

const DEFAULT_CONCURRENCY = 2;

interface Invocation {
  readonly requestId: string;
  readonly event: string;
  readonly kill: AbortSignal | undefined;
  resolve(result: InvokeResult): void;
}

/** Counts in place: `functions()` hands out copies. */
type MutableState = { -readonly [Key in keyof FunctionState]: FunctionState[Key] };

interface Deployed {
  readonly definition: FunctionDefinition;
  readonly state: MutableState;
  limit: number;
  readonly environments: Set<ExecutionEnvironment>;
  readonly idle: ExecutionEnvironment[];
  readonly waiting: Invocation[];
}

/** Creates a host without functions. */
export function createFunctionHost(options: FunctionHostOptions): FunctionHost {
  const deployed = new Map<string, Deployed>();
  const { concurrency: defaultConcurrency = DEFAULT_CONCURRENCY } = options;

  function find(name: string): Deployed {
    const found = deployed.get(name);
    if (!found) throw new Error(`Function ${name} is not deployed; deployed are: ${[...deployed.keys()].join(', ')}`);
    return found;
  }

  function startFor({ definition, state, environments }: Deployed): ExecutionEnvironment {
    state.coldStarts += 1;
    const environment = startEnvironment(
      { ...definition, arn: state.arn, environment: runtimeEnvironment(definition, options) },
      (line) => options.onLog?.(definition.name, line, logGroupOf(definition)),
    );
    environments.add(environment);
    return environment;
  }

  async function run(target: Deployed, environment: ExecutionEnvironment, invocation: Invocation): Promise<void> {
    const { state } = target;
    const kill = () => void environment.terminate();
    invocation.kill?.addEventListener('abort', kill, { once: true });
    const result = await environment.invoke(invocation.requestId, invocation.event);
    const concurrent = target.environments.size - target.idle.length;
    const { durationMs } = environment;
    const { memoryMb } = target.definition;
    options.onInvocation?.(state.name, { ok: result.ok, durationMs, memoryMb, concurrent });
    invocation.kill?.removeEventListener('abort', kill);
    state.running -= 1;
    if (!result.ok) state.errors += 1;
    if (!result.ok && result.error === 'TimedOut') {
      state.timeouts += 1;
      options.onLog?.(state.name, result.message, logGroupOf(target.definition));
    }
    if (environment.alive) target.idle.push(environment);
    else target.environments.delete(environment);
    invocation.resolve(result);
    next(target);
  }

  function next(target: Deployed): void {
    while (target.waiting.length > 0) {
      const busy = target.environments.size - target.idle.length;
      if (busy >= target.limit) return;
      let environment = target.idle.pop();
      if (environment && !environment.alive) {
        target.environments.delete(environment);
        continue;
      }
      const invocation = target.waiting.shift();
      if (!invocation) return;
      environment ??= startFor(target);
      void run(target, environment, invocation);
    }
  }

  function throttle(target: Deployed, resolve: (result: InvokeResult) => void): void {
    target.state.throttles += 1;
    options.onThrottle?.(target.state.name);
    resolve({ ok: false, error: 'Throttled', message: `Rate Exceeded: ${target.state.name} has no concurrency` });
  }

  return {
    deploy(definition) {
      const { name } = definition;
      if (deployed.has(name)) throw new Error(`Function ${name} is already deployed`);
      const arn = `arn:aws:lambda:${options.region}:${options.accountId}:function:${name}`;
      const counts = { running: 0, invocations: 0, errors: 0, timeouts: 0, throttles: 0, coldStarts: 0 };
      const state = { name, arn, stopped: false, ...counts };
      const limit = definition.concurrency ?? defaultConcurrency;
      deployed.set(name, { definition, state, limit, environments: new Set(), idle: [], waiting: [] });
      return { arn };
    },
    invoke(name, event, kill) {
      const target = find(name);
      return new Promise((resolve) => {
        if (target.state.stopped) return throttle(target, resolve);
        target.state.running += 1;
        target.state.invocations += 1;
        target.waiting.push({ requestId: randomUUID(), event: JSON.stringify(event), kill, resolve });
        next(target);
      });
    },
    setReservedConcurrency(name, concurrency) {
      const target = find(name);
      const own = target.definition.concurrency ?? defaultConcurrency;
      target.state.stopped = concurrency === 0;
      target.limit = Math.min(own, concurrency ?? own);
      for (const { resolve } of target.state.stopped ? target.waiting.splice(0) : []) {
        target.state.running -= 1;
        target.state.invocations -= 1;
        throttle(target, resolve);
      }
      next(target);
      options.onConcurrencyChange?.(name);
    },
    functions: () => [...deployed.values()].map(({ state }) => ({ ...state })),
    async stop() {
      const all = [...deployed.values()];
      for (const target of all) {
        target.state.stopped = true;
        for (const { resolve } of target.waiting.splice(0)) {
          target.state.running -= 1;
          throttle(target, resolve);
        }
      }
      await Promise.all(all.flatMap(({ environments }) => [...environments].map((each) => each.terminate())));
    },
  };
}

function logGroupOf({ name, logGroup }: FunctionDefinition): string {
  return logGroup ?? `/aws/lambda/${name}`;
}

/**
 * What a function sees as its environment: its own variables, what the runtime reserves
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), and where the local services are
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
 */
function runtimeEnvironment(definition: FunctionDefinition, options: FunctionHostOptions): Record<string, string> {
  const { name, handler, codeDir, memoryMb } = definition;
  const credentials = options.credentialsOf?.(name);
  return {
    ...definition.environment,
    _HANDLER: handler,
    LAMBDA_TASK_ROOT: codeDir,
    AWS_REGION: options.region,
    AWS_DEFAULT_REGION: options.region,
    AWS_ACCESS_KEY_ID: credentials?.accessKeyId ?? 'local',
    AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? 'local',
    ...(credentials && { AWS_SESSION_TOKEN: credentials.sessionToken }),
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: logGroupOf(definition),
    AWS_LAMBDA_LOG_STREAM_NAME: '[$LATEST]local',
    AWS_ENDPOINT_URL_DYNAMODB: options.endpoints.dynamodb,
    AWS_ENDPOINT_URL_SQS: options.endpoints.sqs,
    AWS_ENDPOINT_URL_SNS: options.endpoints.sns,
    ...(options.endpoints.cloudwatch !== undefined && { AWS_ENDPOINT_URL_CLOUDWATCH: options.endpoints.cloudwatch }),
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}
