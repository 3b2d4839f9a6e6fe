import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as mini from 'zod/mini';
import { differencesOf } from '../../../../cli/commands/contracts/diff.ts';
import { describeBoundary, snapshotText } from '../../../../cli/commands/contracts/snapshot.ts';
import { runCommand } from '../../../../cli/main.ts';
import { defineBoundary, keep } from '../../../../core/contract/define-boundary.ts';
import { fact } from '../../../../core/facts/fact.ts';
import { commandIo } from '../../../support/command-io.ts';

const fields = { name: mini.string(), floor: mini.optional(mini.number()), kind: mini.enum(['a', 'b']) };

/** An owner, a cache that keeps the name alone, and a cache that keeps everything. */
function contracts(shape: object = fields, schemaVersion = 1, ids: readonly string[] = ['employeeId']) {
  const hr = defineBoundary('file:///hr.ts', {
    name: 'hr',
    owns: { Employee: { schema: mini.strictObject(shape as typeof fields), schemaVersion } },
    publishes: { Hired: fact({ ids, about: ids[0] ?? '' }) },
  });
  const names = defineBoundary('file:///names.ts', {
    name: 'names',
    caches: { Employee: keep(hr.owns.Employee, { fields: ['name'] }) },
  });
  const all = defineBoundary('file:///all.ts', { name: 'all', caches: { Employee: keep(hr.owns.Employee) } });
  return Object.fromEntries([hr, names, all].map((one) => [one.name, describeBoundary(one as never)]));
}

const before = contracts();
const breaking = (now: ReturnType<typeof contracts>) =>
  differencesOf(before, now).flatMap(({ where, what, breaks, breaksHandlers }) =>
    breaks.length > 0 || breaksHandlers ? [`${where}: ${what} → ${breaksHandlers ? 'handlers' : breaks}`] : [],
  );
const { name, floor, ...kind } = fields;
const EMPLOYEE = 'hr.owns.Employee.schema';

describe('what a change of contracts breaks', () => {
  test.each<[string, ReturnType<typeof contracts>, string[]]>([
    ['equal contracts', contracts(), []],
    ['an optional field is added', contracts({ ...fields, desk: mini.optional(mini.string()) }), []],
    ['a required field is added', contracts({ ...fields, desk: mini.string() }), []],
    ['an optional field becomes required', contracts({ ...fields, floor: mini.number() }), []],
    ['a value is removed', contracts({ ...fields, kind: mini.enum(['a']) }), []],
    [
      'a field is removed that all caches keep',
      contracts({ floor, ...kind }),
      [`${EMPLOYEE}: name: field removed → all,names`],
    ],
    [
      'a field is removed that one cache keeps',
      contracts({ name, ...kind }),
      [`${EMPLOYEE}: floor: field removed → all`],
    ],
    [
      'a new schema version removes a field',
      contracts({ floor, ...kind }, 2),
      [`${EMPLOYEE}: name: field removed → all,names`],
    ],
    [
      'a required field becomes optional',
      contracts({ ...fields, name: mini.optional(name) }),
      [`${EMPLOYEE}: name: required field became optional → all,names`],
    ],
    [
      'a value is added',
      contracts({ ...fields, kind: mini.enum(['a', 'b', 'c']) }),
      [`${EMPLOYEE}: kind: values added: "c" → all`],
    ],
    [
      'the ids of a fact change',
      contracts(fields, 1, ['personId']),
      ['hr.publishes.Hired: ids or about changed → handlers'],
    ],
  ])('%s', (_, now, expected) => {
    expect(breaking(now)).toEqual(expected);
  });

  test('a type and a boundary that are removed break who keeps them', () => {
    const { hr, ...others } = before;
    if (hr === undefined) throw new Error('no hr');
    expect(breaking({ ...before, hr: { ...hr, owns: {} } })).toEqual(['hr.owns.Employee: type removed → all,names']);
    expect(differencesOf(before, others)).toEqual([
      { where: 'hr', what: 'boundary removed', breaks: ['all', 'names'], breaksHandlers: true },
    ]);
  });
});

describe('freshet contracts diff', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'freshet-diff-'));
    await writeFile(join(folder, 'old.json'), snapshotText(before));
    await writeFile(join(folder, 'new.json'), snapshotText(contracts({ name, ...kind })));
    await writeFile(join(folder, 'other.json'), '{"format":1}');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const diff = async (...args: readonly string[]) => {
    const io = commandIo({ cwd: folder });
    const code = await runCommand(['contracts', 'diff', ...args], io);
    return { code, out: io.out(), err: io.err() };
  };

  test('names the consumers, and fails', async () => {
    const { code, out } = await diff('old.json', 'new.json');
    expect({ code, out }).toEqual({
      code: 1,
      out: `✗ ${EMPLOYEE}: floor: field removed. Breaks all.\n1 of 1 changes break consumers: all.\n`,
    });
    expect(JSON.parse((await diff('old.json', 'new.json', '--json')).out)).toMatchObject({
      ok: false,
      changes: [{ breaks: ['all'] }],
    });
  });

  test('of changes that break nobody succeeds', async () => {
    expect(await diff('new.json', 'old.json')).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 changes, and none of them breaks a consumer.\n'),
    });
    expect(await diff('old.json', 'old.json')).toMatchObject({ code: 0, out: 'The contracts are equal.\n' });
  });

  test.each([
    ['a file that is missing', ['old.json', 'none.json'], 'none.json: there is no such file'],
    ['a file that is no snapshot', ['other.json', 'new.json'], 'other.json: not a snapshot'],
  ])('refuses %s', async (_, args, message) => {
    expect(await diff(...args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});
