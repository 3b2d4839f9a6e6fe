import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { ClientOptions } from 'freshet-aws/internal/adapters/aws/clients';
import type { Readiness } from 'freshet-aws/internal/adapters/read/readiness';
import { OUTCOMES, POISON_REASONS } from 'freshet-aws/internal/core/outcome';
import type { Operation } from 'freshet-aws/internal/core/repair/operation';
import type { Redriven, Released, SetAsideKey } from 'freshet-aws/internal/core/repair/redrive';
import * as z from 'zod/mini';

/** A cache's repair function, as an operator asks it. */
export interface RepairFunction {
  /** Projects events again that were set aside. At most MAX_REDRIVE_KEYS. Safe to repeat. */
  redrive(keys: readonly SetAsideKey[]): Promise<RepairAnswer<readonly Redriven[]>>;
  /** Replays what is held behind a stopped entity, or drops it, and lets the entity go on. Safe to repeat. */
  release(type: string, id: string, drop: boolean): Promise<RepairAnswer<Released>>;
  /** Notes on the cache how far a type's backfill is. */
  noteReadiness(type: string, state: Readiness): Promise<void>;
}

/** `failed`: the function threw, ran out of time or died; what it did until then is done. */
export type RepairAnswer<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly message: string };

/** The function's own time-out is a minute; a little later nothing can come any more. */
const requestHandler = { connectionTimeout: 1_000, requestTimeout: 65_000, throwOnRequestTimeout: true };

/** A client that waits for as long as a repair function may work. Apart from the other clients: no function's bundle needs it. */
export function lambdaClient(options: ClientOptions = {}): LambdaClient {
  return new LambdaClient({ ...options, requestHandler });
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
const readinessAnswer = z.object({ noted: z.literal(true) });
const functionError = z.object({ errorType: z.string(), errorMessage: z.string() });

/** Invokes a cache's repair function. Its methods throw when the function can't be reached or refuses what it is asked. */
export function createRepairFunction(options: {
  readonly client: LambdaClient;
  readonly functionName: string;
}): RepairFunction {
  const ask = async <T>(operation: Operation, schema: z.ZodMiniType<T>): Promise<RepairAnswer<T>> => {
    const { FunctionError, Payload } = await options.client.send(
      new InvokeCommand({ FunctionName: options.functionName, Payload: JSON.stringify(operation) }),
    );
    const answer: unknown = JSON.parse(Payload?.transformToString() ?? 'null');
    if (FunctionError !== undefined) {
      const { errorType = FunctionError, errorMessage = '' } = functionError.safeParse(answer).data ?? {};
      return { kind: 'failed', message: `${errorType}: ${errorMessage}` };
    }
    const parsed = schema.safeParse(answer);
    if (parsed.success) return { kind: 'answered', value: parsed.data };
    throw new Error(`${options.functionName} answered what isn't understood here: ${JSON.stringify(answer)}`);
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
    async noteReadiness(type, state) {
      const answer = await ask({ operation: 'readiness', type, state }, readinessAnswer);
      if (answer.kind === 'failed') throw new Error(answer.message);
    },
  };
}

/** JSON leaves out a reason that there is none of. */
function withReasons({ redriven }: z.infer<typeof redriveAnswer>): Redriven[] {
  return redriven.map(({ key, outcome, reason }) => ({ key, outcome, reason }));
}
