import type { Boundary } from '../contract/contract.ts';
import { assertEntityId } from '../entity.ts';
import { FreshetError, quoted } from '../errors.ts';
import { type Fact, type FactContract, factData, factEventId } from './fact.ts';

/** Returns the contract of a fact that the boundary publishes. Throws `UnknownFact` for any other fact. */
export function publishedContract(boundary: Pick<Boundary, 'name' | 'publishes'>, type: string): FactContract {
  const contract = Object.hasOwn(boundary.publishes, type) ? boundary.publishes[type] : undefined;
  if (contract !== undefined) return contract;
  const known = Object.keys(boundary.publishes).join(', ') || 'nothing';
  throw new FreshetError(`type: boundary ${boundary.name} doesn't publish ${quoted(type)}. It publishes: ${known}.`, {
    code: 'UnknownFact',
    field: 'type',
  });
}

/**
 * Creates a fact.
 *
 * @param at.key see `factEventId`
 * @param at.nowMs when it happened, epoch milliseconds
 * @throws FreshetError `InvalidFact` | `InvalidEntityId`
 */
export function newFact(
  contract: FactContract,
  ids: Readonly<Record<string, unknown>>,
  { key, nowMs }: { readonly key: string | undefined; readonly nowMs: number },
): Fact {
  const { type, owner, about } = contract;
  const data = checkedIds(contract, ids);
  if (key !== undefined) assertEntityId(key);
  const id = factEventId(type, data[about] ?? '', key);
  return { type, id, owner, occurredAt: new Date(nowMs).toISOString(), data };
}

function checkedIds(contract: FactContract, ids: Readonly<Record<string, unknown>>): Fact['data'] {
  const other = Object.keys(ids).find((name) => !contract.ids.includes(name));
  if (other !== undefined) {
    throw invalidFact(
      `data.${other}`,
      `not an id of ${contract.type}. Allowed: ${contract.ids.join(', ')}, nothing else`,
    );
  }
  const data = factData(contract, ids);
  if (typeof data === 'string') throw invalidFact('data', `${contract.type}: ${data}`);
  return data;
}

function invalidFact(field: string, problem: string): FreshetError {
  return new FreshetError(`${field}: ${problem}`, { code: 'InvalidFact', field });
}
