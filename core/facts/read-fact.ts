import { shortened } from '../errors.ts';
import type { PoisonReason } from '../outcome.ts';
import type { ParkedEvent, ReceivedMessage } from '../project/ports.ts';
import { exhaustion } from '../retries.ts';
import { parseFact } from './event.ts';
import { type FactContract, type FactOf, factData, factGroupId } from './fact.ts';

/** Why a message carries no fact of the contracts. */
export interface PoisonFact {
  readonly reason: PoisonReason;
  readonly explanation: string;
}

/** A handler's finding that a fact can never be processed. The fact is parked at once. */
export class UnprocessableFact extends Error {
  override readonly name = 'UnprocessableFact';
  readonly poison: PoisonFact;

  constructor(poison: PoisonFact) {
    super(poison.explanation);
    this.poison = poison;
  }
}

/** The age beyond which a fact isn't handled, because its handler may have forgotten that it handled it before. */
export interface FactAge {
  readonly nowMs: number;
  /** Counted from the publication, in seconds; undefined if the handler forgets nothing. */
  readonly maxAgeSeconds: number | undefined;
}

/** Longest explanation that is stored, in UTF-16 code units: an explanation may quote the input. */
const MAX_EXPLANATION = 1_000;

/**
 * Reads a message and checks it against the contracts of the handled facts. The result is a fact of one of the
 * contracts, or the reason why the message never can be one.
 *
 * @param age the highest age of a fact; default: no limit
 */
export function readFact<Contracts extends readonly FactContract[]>(
  contracts: Contracts,
  { body, groupId }: Pick<ReceivedMessage, 'body' | 'groupId'>,
  age?: FactAge,
): FactOf<Contracts[number]> | PoisonFact {
  const read = parseFact(body);
  if ('reason' in read) return { reason: read.reason, explanation: read.message };
  const { type, owner, id, occurredAt, publishedAt } = read;
  const contract = contracts.find((one) => one.type === type);
  if (contract === undefined) return { reason: 'unknown-type', explanation: `${type} isn't handled here` };
  if (owner !== contract.owner) {
    return { reason: 'wrong-owner', explanation: `published by ${owner}; ${type} is owned by ${contract.owner}` };
  }
  const data = factData(contract, read.data);
  if (typeof data === 'string') return { reason: 'invalid', explanation: data };
  const group = factGroupId(contract, data);
  if (groupId !== group) {
    return { reason: 'wrong-group', explanation: `in message group ${groupId}; its own group is ${group}` };
  }
  const { nowMs = 0, maxAgeSeconds = Number.POSITIVE_INFINITY } = age ?? {};
  if (nowMs - Date.parse(publishedAt) > maxAgeSeconds * 1000) {
    const explanation = `published ${publishedAt}; the handler may have forgotten what it did with facts of that time`;
    return { reason: 'too-old', explanation };
  }
  // The cast is safe: type and ids were checked against one of the contracts.
  return { type, id, owner, occurredAt, data } as FactOf<Contracts[number]>;
}

/** The parked event of a message that carries no fact of the contracts, or a fact that can never be processed. */
export function parkedPoison(
  contracts: readonly FactContract[],
  message: ReceivedMessage,
  { reason, explanation }: PoisonFact,
  nowMs: number,
): ParkedEvent {
  const kept = shortened(explanation.toWellFormed(), MAX_EXPLANATION);
  return { ...parkedMessage(contracts, message, nowMs), reason, explanation: kept };
}

/** The parked event of a fact whose handler failed until the budget was used up. */
export function parkedExhausted(
  contracts: readonly FactContract[],
  message: ReceivedMessage,
  error: unknown,
  nowMs: number,
): ParkedEvent {
  const explanation = exhaustion(message, error);
  return { ...parkedMessage(contracts, message, nowMs), reason: 'retries-exhausted', explanation };
}

function parkedMessage(
  contracts: readonly FactContract[],
  message: ReceivedMessage,
  nowMs: number,
): Omit<ParkedEvent, 'reason' | 'explanation'> {
  const fact = readFact(contracts, message);
  const about = contracts.find(({ type }) => !('reason' in fact) && type === fact.type)?.about;
  // The fact's type and the id that it is about take the place of an entity, so that `parked list` can filter by them.
  const entity = 'reason' in fact || about === undefined ? undefined : { type: fact.type, id: fact.data[about] ?? '' };
  return { status: 'parked', message, entity, version: undefined, parkedAtMs: nowMs };
}
