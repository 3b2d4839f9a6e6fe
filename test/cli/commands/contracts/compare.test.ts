import { describe, expect, test } from 'vitest';
import * as zod from 'zod';
import * as mini from 'zod/mini';
import { compareSnapshots } from '../../../../cli/commands/contracts/compare.ts';
import { describeBoundary, snapshot, snapshotText } from '../../../../cli/commands/contracts/snapshot.ts';
import type { Upcasts } from '../../../../core/contract/contract.ts';
import { defineBoundary, keep } from '../../../../core/contract/define-boundary.ts';
import { fact } from '../../../../core/facts/fact.ts';
import { schemaOf } from '../../../support/boundaries.ts';

const fields = { name: mini.string(), floor: mini.optional(mini.number()), kind: mini.enum(['a', 'b']) };

/** A boundary with one type. */
function owning(
  schema = mini.strictObject(fields) as never,
  version: { schemaVersion?: number; upcasts?: Upcasts } = {},
) {
  return describeBoundary(
    defineBoundary('file:///hr.ts', { name: 'hr', owns: { Employee: { schema, ...version } } }) as never,
  );
}

const before = owning();
/** The changes as lines, with what each of them needs. */
const lines = (now: ReturnType<typeof owning>, was = before) =>
  compareSnapshots({ hr: was }, { hr: now }, true).map(
    ({ where, what, needs = 'nothing' }) => `${where}: ${what} → ${needs}`,
  );
const version = 'a new schema version';
const at = (field: string) => `hr.owns.Employee.schema: ${field}`;

describe('a change of a schema without a new schema version', () => {
  const changed = (differing: object) => owning(mini.strictObject({ ...fields, ...differing }) as never);
  const { name, ...withoutName } = fields;

  test.each<[string, ReturnType<typeof owning>, string[]]>([
    ['the same contracts', owning(), []],
    [
      'an added optional field',
      changed({ desk: mini.optional(mini.string()) }),
      [`${at('desk')}: optional field added → nothing`],
    ],
    ['an added required field', changed({ desk: mini.string() }), [`${at('desk')}: required field added → ${version}`]],
    ['a removed field', owning(mini.strictObject(withoutName) as never), [`${at('name')}: field removed → ${version}`]],
    [
      'a field made required',
      changed({ floor: mini.number() }),
      [`${at('floor')}: optional field became required → ${version}`],
    ],
    [
      'a field made optional',
      changed({ name: mini.optional(name) }),
      [`${at('name')}: required field became optional → ${version}`],
    ],
    ['another type', changed({ name: mini.number() }), [`${at('name')}: type "string" became "number" → ${version}`]],
    ['a narrowed enum', changed({ kind: mini.enum(['a']) }), [`${at('kind')}: values removed: "b" → ${version}`]],
    [
      'a widened enum',
      changed({ kind: mini.enum(['a', 'b', 'c']) }),
      [`${at('kind')}: values added: "c" → ${version}`],
    ],
    [
      'another range',
      changed({ name: mini.string().check(mini.minLength(2)) }),
      [`${at('name')}: minLength any became 2 → ${version}`],
    ],
    [
      'a list of another type',
      changed({ floor: mini.optional(mini.array(mini.number())) }),
      [`${at('floor')}: type "number" became "array" → ${version}`, `${at('floor[]')}: changed → ${version}`],
    ],
    [
      'a field named like an inherited one',
      changed({ constructor: mini.string() }),
      [`${at('constructor')}: required field added → ${version}`],
    ],
  ])('%s is found', (_, now, expected) => {
    expect(lines(now)).toEqual(expected);
  });

  test('a change inside a nullable object is found with its path', () => {
    const nested = (inner: object) =>
      owning(zod.strictObject({ home: zod.nullable(zod.strictObject({ street: zod.string(), ...inner })) }) as never);
    expect(lines(nested({ town: zod.string() }), nested({}))).toEqual([
      `${at('home.town')}: required field added → ${version}`,
    ]);
  });
});

describe('a new schema version', () => {
  const next = { schemaVersion: 2, upcasts: { 1: (state: object) => ({ ...state, desk: 'none' }) } as Upcasts };
  const withDesk = mini.strictObject({ ...fields, desk: mini.string() }) as never;

  test('a new schema version with an upcast needs nothing', () => {
    expect(lines(owning(withDesk, next))).toEqual(['hr.owns.Employee.schemaVersion: 1 became 2 → nothing']);
  });

  test('a new schema version whose old states may be invalid needs an upcast', () => {
    expect(lines(owning(withDesk, { schemaVersion: 2 }))).toEqual([
      'hr.owns.Employee.schemaVersion: 1 became 2, and states of the old one may be invalid → an upcast from schema version 1',
    ]);
  });

  test('a removed or changed upcast, and a lower schema version, are found', () => {
    const was = owning(withDesk, next);
    const place = 'hr.owns.Employee.upcasts: the upcast from schema version 1';
    const changed = { ...next, upcasts: { 1: (state: object) => ({ ...state, desk: 'first' }) } as Upcasts };
    expect(lines(owning(withDesk, changed), was)).toEqual([expect.stringContaining(`${place} changed → the old code`)]);
    expect(lines(owning(withDesk, { schemaVersion: 2 }), was)).toEqual([
      expect.stringContaining(`${place} removed → it back`),
    ]);
    expect(lines(owning(withDesk), was)).toEqual([
      'hr.owns.Employee.schemaVersion: 2 became 1 → schema version 2 or higher',
    ]);
  });
});

describe('the other contracts of a boundary', () => {
  const owner = defineBoundary('file:///hr.ts', {
    name: 'hr',
    owns: { Employee: { schema: mini.strictObject(fields) } },
  });
  const desk = (options: Parameters<typeof keep>[1], ids: string[] = ['orderId']) =>
    describeBoundary(
      defineBoundary('file:///desk.ts', {
        name: 'desk',
        caches: { Employee: keep(owner.owns.Employee, options as never) },
        publishes: { Seated: fact({ ids: ids as never, about: 'orderId' as never }) },
      }) as never,
    );

  test('a change of kept fields needs a higher fieldsRevision', () => {
    const was = desk({ fields: ['name'] as never });
    const now = { fields: ['name', 'kind'] as never };
    const where = 'hr.caches.Employee';
    expect(lines(desk(now), was)).toEqual([`${where}: kept fields or indexes changed → a higher fieldsRevision`]);
    expect(lines(desk({ ...now, fieldsRevision: 2 }), was)).toEqual([`${where}: changed → nothing`]);
  });

  test('a fact with other ids needs a type of its own, and a removed type or fact must not be used any more', () => {
    expect(lines(desk({}, ['orderId', 'cartId']), desk({}))).toEqual([
      'hr.publishes.Seated: ids or about changed → a fact type of its own',
    ]);
    const empty = { owns: {}, caches: {}, publishes: {} };
    expect(lines(empty, desk({}))).toEqual([
      'hr.caches.Employee: type removed → nothing',
      expect.stringContaining('hr.publishes.Seated: fact removed → that no consumer uses it any more'),
    ]);
    expect(compareSnapshots({ hr: before, old: before }, { hr: before, young: before }, true)).toEqual([
      { where: 'old', what: 'boundary removed' },
      { where: 'young', what: 'boundary added' },
    ]);
    expect(compareSnapshots({ hr: before, old: before }, { hr: before }, false)).toEqual([]);
  });
});

test('the snapshot reads back as it was written, and equal contracts have the same text', () => {
  const text = snapshotText({ hr: before });
  expect(snapshot.parse(JSON.parse(text)).boundaries).toEqual({ hr: before });
  const { kind, floor, name } = fields;
  expect(snapshotText({ hr: owning(mini.strictObject({ kind, name, floor }) as never) })).toBe(text);
  expect(before.owns.Employee?.schema).not.toBeNull();
});

test('a schema that cannot describe itself is null in the snapshot', () => {
  expect(owning(schemaOf((value) => ({ value: value as never })) as never).owns.Employee?.schema).toBeNull();
});
