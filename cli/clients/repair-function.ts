import type { LambdaClient } from '@aws-sdk/client-lambda';
import { OUTCOMES, POISON_REASONS } from 'freshet-aws/internal/core/outcome';
import type { Operation } from 'freshet-aws/internal/core/repair/operation';
import type { ParkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import type { Redriven, Released } from 'freshet-aws/internal/core/repair/redrive';
import * as z from 'zod/mini';
import { UsageError } from '../errors.ts';
import { askFunction, type FunctionAnswer, FunctionFailed } from './invoke.ts';

/** The repair function of a cache. */
export interface RepairFunction {
  /** Projects at most MAX_REDRIVE_KEYS parked events again. Safe to repeat. */
  redrive(keys: readonly ParkedKey[]): Promise<FunctionAnswer<readonly Redriven[]>>;
  /** Replays or drops the events of a stopped entity, and releases the entity. Safe to repeat. */
  release(type: string, id: string, drop: boolean): Promise<FunctionAnswer<Released>>;
  /**
   * Starts a backfill of a type, or finds the one that runs or has filled the cache. Throws a UsageError if it is too
   * early for one.
   */
  backfill(type: string, options: { readonly restart: boolean }): Promise<StartedRun>;
  /** Starts an inventory of a type, or finds the one that runs. */
  inventory(type: string, options: { readonly heals: boolean }): Promise<StartedRun>;
}

/** The run of a backfill or an inventory, and whether it was started just now. */
export interface StartedRun {
  readonly run: string;
  readonly isNew: boolean;
}

const redriven = z.array(
  z.object({
    key: z.object({ groupId: z.string(), sequenceNumber: z.string() }),
    outcome: z.enum([...OUTCOMES, 'failed']),
    reason: z.optional(z.enum(POISON_REASONS)),
  }),
);
const redriveAnswer = z.object({ redriven });
const releaseAnswer = z.object({ status: z.enum(['released', 'still-stopped', 'not-stopped']), redriven });
const runAnswer = z.union([z.object({ run: z.string(), isNew: z.boolean() }), z.object({ refused: z.string() })]);

/**
 * Creates the client of a cache's repair function. Its methods throw if the function can't be reached or refuses the
 * request.
 */
export function createRepairFunction(options: {
  /** Called when the function is invoked for the first time. */
  readonly client: () => LambdaClient;
  readonly functionName: string;
  /** The name of the cache, for errors. */
  readonly cache: string;
}): RepairFunction {
  const ask = <T>(operation: Operation, schema: z.ZodMiniType<T>) =>
    askFunction(options.client(), options.functionName, operation, schema);

  const start = async (operation: Operation): Promise<StartedRun> => {
    const answer = await ask(operation, runAnswer);
    if (answer.kind === 'failed') throw new FunctionFailed('repair function', options.cache, answer.message);
    if ('refused' in answer.value) throw new UsageError(answer.value.refused);
    return answer.value;
  };

  return {
    async redrive(keys) {
      const answer = await ask({ operation: 'redrive', keys: [...keys] }, redriveAnswer);
      return answer.kind === 'failed' ? answer : { kind: 'answered', value: withReasons(answer.value) };
    },
    async release(type, id, drop) {
      const answer = await ask({ operation: 'release', type, id, drop }, releaseAnswer);
      if (answer.kind === 'failed') return answer;
      return { kind: 'answered', value: { status: answer.value.status, redriven: withReasons(answer.value) } };
    },
    backfill: (type, { restart }) => start({ operation: 'backfill', type, restart }),
    inventory: (type, { heals }) => start({ operation: 'inventory', type, heals }),
  };
}

/** JSON leaves out an undefined reason. */
function withReasons({ redriven }: z.infer<typeof redriveAnswer>): Redriven[] {
  return redriven.map(({ key, outcome, reason }) => ({ key, outcome, reason }));
}
