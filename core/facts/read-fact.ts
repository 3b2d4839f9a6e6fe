import { shortened } from '../errors.ts';
import type { PoisonReason } from '../outcome.ts';
import type { ReceivedMessage, SetAside } from '../project/ports.ts';
import { exhaustion } from '../retries.ts';
import { parseFact } from './event.ts';
import { type FactContract, type FactOf, factData, factGroupId } from './fact.ts';

/** A message that carries no fact of the contracts, and why. */
export interface PoisonFact {
  readonly reason: PoisonReason;
  readonly explanation: string;
}

/** Longest explanation that is kept: it may quote the input. */
const MAX_EXPLANATION = 1_000;

/** Reads a message and holds it against the contracts of the facts that are handled: a fact of one of them, or why it never can be. */
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
    return { reason: 'wrong-owner', explanation: `published by ${owner}; ${type} is of ${contract.owner}` };
  }
  const data = factData(contract, read.data);
  if (typeof data === 'string') return { reason: 'invalid', explanation: data };
  const group = factGroupId(contract, data);
  if (groupId !== group) {
    return { reason: 'wrong-group', explanation: `in message group ${groupId}; its own is ${group}` };
  }
  // The edge: type and ids are those of one of the contracts.
  return { type, id, owner, occurredAt, data } as FactOf<Contracts[number]>;
}

/** What is set aside of a message that carries no fact of the contracts. */
export function poisonAside(message: ReceivedMessage, { reason, explanation }: PoisonFact, nowMs: number): SetAside {
  const kept = shortened(explanation.toWellFormed(), MAX_EXPLANATION);
  return { ...asideOf(message, nowMs), reason, explanation: kept };
}

/** What is set aside of a fact whose handler failed on it until its budget was used up. */
export function exhaustedAside(
  contracts: readonly FactContract[],
  message: ReceivedMessage,
  error: unknown,
  nowMs: number,
): SetAside {
  const fact = readFact(contracts, message);
  const about = contracts.find(({ type }) => !('reason' in fact) && type === fact.type)?.about;
  // By the names of an entity's type and id, so that it is listed and chosen by them.
  const entity = 'reason' in fact || about === undefined ? undefined : { type: fact.type, id: fact.data[about] ?? '' };
  const explanation = exhaustion(message, error);
  return { ...asideOf(message, nowMs), entity, reason: 'retries-exhausted', explanation };
}

function asideOf(message: ReceivedMessage, nowMs: number): Omit<SetAside, 'reason' | 'explanation'> {
  return { status: 'parked', message, entity: undefined, version: undefined, setAsideAtMs: nowMs };
}
