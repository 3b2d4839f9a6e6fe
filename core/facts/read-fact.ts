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

/** Longest explanation that is stored, in UTF-16 code units: an explanation may quote the input. */
const MAX_EXPLANATION = 1_000;

/**
 * Reads a message and checks it against the contracts of the handled facts. The result is a fact of one of the
 * contracts, or the reason why the message never can be one.
 */
export function readFact<Contracts extends readonly FactContract[]>(
  contracts: Contracts,
  { body, groupId }: Pick<ReceivedMessage, 'body' | 'groupId'>,
): FactOf<Contracts[number]> | PoisonFact {
  const read = parseFact(body);
  if ('reason' in read) return { reason: read.reason, explanation: read.message };
  const { type, owner, id, occurredAt } = read;
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
  // The cast is safe: type and ids were checked against one of the contracts.
  return { type, id, owner, occurredAt, data } as FactOf<Contracts[number]>;
}

/** The parked event of a message that carries no fact of the contracts. */
export function parkedPoison(
  message: ReceivedMessage,
  { reason, explanation }: PoisonFact,
  nowMs: number,
): ParkedEvent {
  const kept = shortened(explanation.toWellFormed(), MAX_EXPLANATION);
  return { ...parkedMessage(message, nowMs), reason, explanation: kept };
}

/** The parked event of a fact whose handler failed until the budget was used up. */
export function parkedExhausted(
  contracts: readonly FactContract[],
  message: ReceivedMessage,
  error: unknown,
  nowMs: number,
): ParkedEvent {
  const fact = readFact(contracts, message);
  const about = contracts.find(({ type }) => !('reason' in fact) && type === fact.type)?.about;
  // The fact's type and the id that it is about take the place of an entity, so that `parked list` can filter by them.
  const entity = 'reason' in fact || about === undefined ? undefined : { type: fact.type, id: fact.data[about] ?? '' };
  const explanation = exhaustion(message, error);
  return { ...parkedMessage(message, nowMs), entity, reason: 'retries-exhausted', explanation };
}

function parkedMessage(message: ReceivedMessage, nowMs: number): Omit<ParkedEvent, 'reason' | 'explanation'> {
  return { status: 'parked', message, entity: undefined, version: undefined, parkedAtMs: nowMs };
}
