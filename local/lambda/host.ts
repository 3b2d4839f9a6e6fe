import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type FunctionDefinition, logGroupOf } from './function-definition.ts';
import {
  createFunctionPool,
  type EndedInvocation,
  type FunctionPool,
  type FunctionRoom,
  type FunctionState,
} from './function-pool.ts';
import type { InvokeResult } from './invoke-result.ts';
import { type FunctionSurroundings, runtimeEnvironment } from './runtime-environment.ts';

/** Runs Lambda functions in worker threads of this process. */
export interface FunctionHost {
  /** Registers a function. Throws if the name is taken. The first invocation loads the code. */
  deploy(definition: FunctionDefinition): { readonly arn: string };
  /** A function's code and configuration. Throws for an unknown name. */
  definition(name: string): FunctionDefinition;
  /**
   * Replaces a function's code or configuration, like UpdateFunctionCode and UpdateFunctionConfiguration. Throws for an
   * unknown name.
   */
  redeploy(definition: FunctionDefinition): void;
  /** Removes a function. Running invocations end with `Unhandled`. Throws for an unknown name. */
  remove(name: string): Promise<void>;
  /**
   * Invokes a function and waits for its answer. Event and answer are converted to JSON and back, as on AWS. When the
   * promise resolves, all lines that the invocation wrote have been passed to `onLog`; lines that it writes later
   * belong to the next invocation. Throws for an unknown name.
   * @param kill aborting it terminates the execution environment at once, as if its machine failed: the result is
   * `Unhandled`
   */
  invoke(name: string, event: unknown, kill?: AbortSignal): Promise<InvokeResult>;
  /**
   * Terminates the execution environments of a function's running invocations at once, as if their machines failed. The
   * results are `Unhandled`. Throws for an unknown name.
   * @returns the number of these invocations
   */
  kill(name: string): number;
  /** Tells a function's event source mappings when to take messages off a queue. Throws for an unknown name. */
  room(name: string): FunctionRoom;
  /** The function's timeout. Throws for an unknown name. */
  timeoutMs(name: string): number;
  /**
   * Limits the concurrent invocations, like PutFunctionConcurrency. Further invocations are throttled, 0 stops the
   * function, and `undefined` removes the limit. Throws for a negative number or a fraction.
   */
  setReservedConcurrency(name: string, concurrency: number | undefined): void;
  /** The state of each function. */
  functions(): FunctionState[];
  /** Terminates all workers. Running invocations end with `Unhandled`. */
  stop(): Promise<void>;
}

export interface FunctionHostOptions extends FunctionSurroundings {
  /**
   * The maximum number of execution environments per function. Further invocations wait in line, and messages wait in
   * their queue.
   * @default - 2, and up to 100 for a function whose invocations take 250 ms or longer and mostly wait
   */
  readonly concurrency?: number;
  readonly onLog?: (functionName: string, line: string, logGroup: string) => void;
  /** Called for each invocation that has ended. */
  readonly onInvocation?: (functionName: string, invocation: EndedInvocation) => void;
  /** Called for each invocation that was refused for lack of concurrency. */
  readonly onThrottle?: (functionName: string) => void;
  /** Called when a function's reserved concurrency has changed. */
  readonly onConcurrencyChange?: (functionName: string) => void;
  readonly accountId: string;
}

/** Creates a host without functions. */
export function createFunctionHost(options: FunctionHostOptions): FunctionHost {
  const { concurrency, region, accountId } = options;
  const pools = new Map<string, FunctionPool>();

  function poolOf(name: string): FunctionPool {
    const pool = pools.get(name);
    if (pool) return pool;
    throw new Error(`Function ${name} is not deployed. Deployed: ${[...pools.keys()].join(', ') || 'none'}`);
  }

  return {
    deploy(definition) {
      const { name } = definition;
      if (pools.has(name)) throw new Error(`Function ${name} is already deployed`);
      const arn = `arn:aws:lambda:${region}:${accountId}:function:${name}`;
      const pool = createFunctionPool({
        definition,
        arn,
        concurrency: definition.concurrency ?? concurrency,
        environment: (current) => runtimeEnvironment(current, options),
        onLog: (line) => options.onLog?.(name, line, logGroupOf(definition)),
        onInvocation: (invocation) => options.onInvocation?.(name, invocation),
        onThrottle: () => options.onThrottle?.(name),
      });
      pools.set(name, pool);
      return { arn };
    },
    definition: (name) => poolOf(name).definition,
    redeploy(definition) {
      const pool = poolOf(definition.name);
      pool.redeploy(definition, isSame(pool.definition, definition));
    },
    async remove(name) {
      const pool = poolOf(name);
      pools.delete(name);
      await pool.stop();
    },
    invoke: (name, event, kill) => poolOf(name).invoke(JSON.stringify(event), kill),
    kill: (name) => poolOf(name).kill(),
    room: poolOf,
    timeoutMs: (name) => poolOf(name).timeoutMs,
    setReservedConcurrency(name, reserved) {
      // lambda/latest/api/API_PutFunctionConcurrency: at least 0.
      if (reserved !== undefined && !(Number.isInteger(reserved) && reserved >= 0))
        throw new RangeError(`ReservedConcurrentExecutions must be an integer from 0. Given: ${reserved}.`);
      poolOf(name).setReservedConcurrency(reserved);
      options.onConcurrencyChange?.(name);
    },
    functions: () => [...pools.values()].map((pool) => pool.state()),
    async stop() {
      await Promise.all([...pools.values()].map((pool) => pool.stop()));
    },
  };
}

/** Whether two definitions differ at most in the folder of the same code: an asset's folder is named by its content. */
function isSame(
  { codeDir: before, ...one }: FunctionDefinition,
  { codeDir: after, ...other }: FunctionDefinition,
): boolean {
  return basename(before) === basename(after) && isDeepStrictEqual(one, other);
}
