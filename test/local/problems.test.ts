import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { problemsOf } from '../../local/problems.ts';

const flag = z.union([z.boolean(), z.stringbool()]);
const principal = z.union([z.literal('*'), z.strictObject({ AWS: z.string() })]);
const even = z.number().check(z.refine((given) => given % 2 === 0, 'must be even'));

test.each<[string, z.ZodMiniType, unknown, string]>([
  ['a wrong type', z.object({ A: z.string() }), { A: [1] }, 'A is [1]. Allowed: a string'],
  ['a type that is missing', z.object({ A: z.array(z.string()) }), {}, 'A is missing. Allowed: a list'],
  ['a text that is not a number', z.object({ A: z.coerce.number() }), { A: 'x' }, 'A is "x". Allowed: a number'],
  ['a wrong choice', z.object({ A: z.enum(['x', 'y']) }), { A: 'z' }, 'A is "z". Allowed: x, y'],
  ['a text that is not a boolean', z.object({ A: flag }), { A: 'maybe' }, 'A is "maybe". Allowed: true or false'],
  ['a rule of its own', z.object({ A: even }), { A: 3 }, 'A is 3: must be even'],
  [
    'a list that is too long',
    z.array(z.number()).check(z.maxLength(1)),
    [1, 2],
    'the value is [1,2]. Allowed: at most 1',
  ],
  [
    'an unknown name',
    z.strictObject({ A: z.optional(z.strictObject({})) }),
    { A: { B: 1 } },
    'A.B is not a known name here',
  ],
  ['no option of a union', z.object({ A: principal }), { A: 'x' }, 'A is "x". Allowed: *, or an object'],
  ['a part of an option', z.object({ A: principal }), { A: { AWS: 1 } }, 'A.AWS is 1. Allowed: a string'],
  [
    'several problems',
    z.object({ A: z.string(), B: z.record(z.string(), z.string()) }),
    { A: 1, B: { C: 2 } },
    'A is 1. Allowed: a string; B.C is 2. Allowed: a string',
  ],
])('the message about %s names the path, what is given and what is allowed', (_, schema, given, message) => {
  const { error } = schema.safeParse(given);
  expect(error && problemsOf(error, given)).toBe(message);
});

test('a long value is shortened', () => {
  const given = 'x'.repeat(1_000);
  const { error } = z.number().safeParse(given);
  expect(error && problemsOf(error, given)).toMatch(/^the value is "x{199}…\. Allowed: a number$/);
});
