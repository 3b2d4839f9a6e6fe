import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import * as zod from 'zod';
import { asyncApi } from '../../../../cli/commands/contracts/asyncapi.ts';
import { runCommand } from '../../../../cli/main.ts';
import { defineBoundary, keep } from '../../../../core/contract/define-boundary.ts';
import { serialiseEvent } from '../../../../core/event.ts';
import { serialiseFact } from '../../../../core/facts/event.ts';
import { fact } from '../../../../core/facts/fact.ts';
import { type State, TOMBSTONE_DIGEST } from '../../../../core/state.ts';
import { schemaOf } from '../../../support/boundaries.ts';
import { commandIo } from '../../../support/command-io.ts';
import { root } from '../../../support/command-line.ts';

const Person = zod.strictObject({
  name: zod.string(),
  get manager() {
    return Person.optional();
  },
});

const hr = defineBoundary('file:///hr.ts', {
  name: 'hr',
  owns: {
    Employee: {
      schema: Person,
      schemaVersion: 2,
      fields: { name: { is: 'personal', publishedBecause: 'the directory shows it' } },
    },
    Room: { schema: zod.object({ floor: zod.number() }), deltas: true },
    Any: { schema: schemaOf((value) => ({ value: value as State })) },
  },
  publishes: { Hired: fact({ ids: ['employeeId'], about: 'employeeId' }) },
});
const desk = defineBoundary('file:///desk.ts', {
  name: 'desk',
  caches: { Employee: keep(hr.owns.Employee, { fields: ['name'] }), Room: keep(hr.owns.Room) },
});

const DIGEST = 'd'.repeat(43);
const AT = '2026-11-30T12:00:00.000Z';

/** Checks a payload with the schema that the document gives for it. */
function validator({ components }: Readonly<Record<string, unknown>>, name: string) {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'document', components });
  return (payload: string) => ajv.validate({ $ref: `document#/components/schemas/${name}` }, JSON.parse(payload));
}

function event(type: string, kind: 'state' | 'delta' | 'tombstone', data: string | Uint8Array | undefined) {
  const digest = kind === 'tombstone' ? TOMBSTONE_DIGEST : DIGEST;
  const base = kind === 'delta' && { baseDigest: DIGEST };
  const entity = { type, id: 'e1' };
  const times = { changedAt: AT, publishedAt: AT };
  return serialiseEvent({ entity, version: 3, digest, owner: 'hr', schemaVersion: 1, kind, ...times, ...base }, data);
}

describe('the AsyncAPI document of a boundary', () => {
  test.each([
    ['an owner with facts', hr],
    ['a cache', desk],
    ['a boundary without anything', defineBoundary('file:///none.ts', { name: 'none' })],
  ])('of %s is valid by the schema of AsyncAPI 3.0', (_, boundary) => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const isValid = ajv.compile(specs.schemasWithoutId['3.0.0'] as object);
    expect(isValid(asyncApi(boundary, '1.0.0')) || isValid.errors).toBe(true);
    expect(isValid({ ...asyncApi(boundary, '1.0.0'), operations: { send: { action: 'throw' } } })).toBe(false);
  });

  test('has what the boundary sends and receives', () => {
    expect(asyncApi(hr, '2.1.0')).toMatchObject({
      id: 'urn:freshet:hr',
      info: { title: 'hr', version: '2.1.0' },
      operations: { sendChanges: { action: 'send' }, sendFacts: { action: 'send' } },
      components: {
        messages: { Employee: { 'x-freshet': { schemaVersion: 2, fields: { name: { is: 'personal' } } } } },
      },
    });
    const { operations, channels } = asyncApi(desk, '1.0.0');
    expect(operations).toEqual({
      'receive.hr': {
        action: 'receive',
        channel: { $ref: '#/channels/hr.changes' },
        description: 'Keeps name of Employee. Keeps the whole state of Room.',
        messages: [
          { $ref: '#/channels/hr.changes/messages/Employee' },
          { $ref: '#/channels/hr.changes/messages/Room' },
        ],
      },
    });
    expect(Object.keys(channels as object)).toEqual(['hr.changes']);
  });

  const document = asyncApi(hr, '1.0.0');

  test.each([
    ['a state', 'Employee', event('Employee', 'state', '{"name":"Ada","manager":{"name":"Bob"}}')],
    ['a deletion', 'Employee', event('Employee', 'tombstone', undefined)],
    ['a delta', 'Room', event('Room', 'delta', '{"changed":{"floor":2},"removed":[]}')],
    ['a compressed state', 'Employee', event('Employee', 'state', gzipSync('{}'))],
    ['a compressed delta', 'Room', event('Room', 'delta', gzipSync('{}'))],
    ['a state without a described schema', 'Any', event('Any', 'state', '{"x":1}')],
    [
      'a fact',
      'Hired',
      serialiseFact({ type: 'Hired', id: 'Hired/e1', owner: 'hr', occurredAt: AT, data: { employeeId: 'e1' } }, AT),
    ],
  ])('describes %s as it is sent', (_, type, payload) => {
    expect(validator(document, `${type}.event`)(payload)).toBe(true);
  });

  test.each([
    ['a state of another form', 'Employee', event('Employee', 'state', '{"name":"Ada","manager":{"name":7}}')],
    ['a state without data', 'Employee', event('Employee', 'state', undefined)],
    ['a delta of a type without deltas', 'Employee', event('Employee', 'delta', '{"changed":{},"removed":[]}')],
    ['a compressed delta of a type without deltas', 'Employee', event('Employee', 'delta', gzipSync('{}'))],
    ['a tombstone with compressed data', 'Employee', event('Employee', 'tombstone', gzipSync('{}'))],
    ['an event of another type', 'Employee', event('Room', 'tombstone', undefined)],
    [
      'a fact without its id',
      'Hired',
      serialiseFact({ type: 'Hired', id: 'Hired/e1', owner: 'hr', occurredAt: AT, data: {} }, AT),
    ],
  ])('refuses %s', (_, type, payload) => {
    expect(validator(document, `${type}.event`)(payload)).toBe(false);
  });
});

describe('freshet contracts asyncapi', () => {
  const GEOGRAPHY = 'examples/shop/geography/contracts.ts';
  const WAREHOUSE = 'examples/shop/warehouse/contracts.ts';
  const run = async (...args: readonly string[]) => {
    const io = commandIo({ cwd: root });
    const code = await runCommand(['contracts', 'asyncapi', ...args], io);
    return { code, out: io.out(), err: io.err() };
  };

  test('prints the document of the only boundary, or of the chosen one', async () => {
    const { code, out } = await run(GEOGRAPHY, '--info-version', '3.2.1');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ info: { title: 'geography', version: '3.2.1' } });
    const chosen = await run(GEOGRAPHY, WAREHOUSE, '--boundary', 'warehouse');
    expect(JSON.parse(chosen.out)).toMatchObject({ info: { title: 'warehouse' } });
  });

  test('writes the documents of all boundaries', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'freshet-asyncapi-'));
    expect((await run(GEOGRAPHY, WAREHOUSE, '--out', folder)).code).toBe(0);
    expect((await readdir(folder)).sort()).toEqual(['geography.asyncapi.json', 'warehouse.asyncapi.json']);
    await rm(folder, { recursive: true });
  });

  test.each([
    ['several boundaries without a choice', [GEOGRAPHY, WAREHOUSE], 'geography, warehouse. Choose one'],
    ['an unknown boundary', [GEOGRAPHY, '--boundary', 'nobody'], '"nobody" is unknown. Allowed: geography'],
  ])('refuses %s', async (_, args, message) => {
    expect(await run(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) });
  });
});
