import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import { unknownField } from '../../../core/contract/schema-fields.ts';
import { productSchema } from '../../support/boundaries.ts';

interface Node {
  label: string;
  children: Node[];
}
const Node: z.ZodType<Node> = z.lazy(() => z.object({ label: z.string(), children: z.array(Node) }));

const Customer = z.strictObject({
  name: z.string(),
  code: z.string().transform((code) => code.length),
  address: z.object({ street: z.string(), 'post.code': z.string() }).optional(),
  contacts: z.array(z.object({ email: z.string() })),
  homes: z.record(z.string(), z.object({ street: z.string() })),
  pay: z.union([z.object({ iban: z.string() }), z.object({ card: z.string() }), z.null()]),
  both: z.intersection(z.object({ left: z.string() }), z.object({ right: z.string() })),
  tree: Node,
  notes: z.looseObject({ first: z.string() }),
  anything: z.unknown(),
});

describe('a field', () => {
  test.each([
    'name',
    'address',
    'address.street',
    'address.post.code',
    'contacts',
    'contacts.email',
    'homes.street',
    'pay.iban',
    'pay.card',
    'both.left',
    'both.right',
    'tree.label',
    'tree.children.children.label',
    'notes.second',
    'code.of.any',
    'anything.at.all',
  ])('the path %s names a field that the schema has or may have', (path) => {
    expect(unknownField(Customer, path)).toBeUndefined();
  });

  test.each([
    [
      'nam',
      'the schema has no field "nam". It has: name, code, address, contacts, homes, pay, both, tree, notes, anything',
    ],
    ['address.stret', 'the schema has no field "stret" in address. It has: street, post.code'],
    ['name.first', 'the schema has no field "first" in name. It has: none'],
    ['contacts.phone', 'the schema has no field "phone" in contacts. It has: email'],
    ['contacts.0.email', 'the schema has no field "0" in contacts. It has: email'],
    ['homes.first.street', 'the schema has no field "first" in homes. It has: street'],
    ['pay.cash', 'the schema has no field "cash" in pay. It has: iban, card'],
    ['both.middle', 'the schema has no field "middle" in both. It has: left, right'],
    ['tree.children.lable', 'the schema has no field "lable" in tree.children. It has: label, children'],
    ['', 'the schema has no field "". It has: name, code, address, contacts, homes, pay, both, tree, notes, anything'],
    [
      'toString',
      'the schema has no field "toString". It has: name, code, address, contacts, homes, pay, both, tree, notes, anything',
    ],
  ])('the path %j names a field that the schema does not have', (path, problem) => {
    expect(unknownField(Customer, path)).toBe(problem);
  });

  test.each<[string, unknown]>([
    ['does not describe itself', productSchema],
    ['is of a library without self-description', mini.object({ name: mini.string() })],
    ['is transformed as a whole', z.object({ name: z.string() }).transform((state) => state)],
    ['is undefined', undefined],
    [
      'fails to describe itself',
      describedAs(() => {
        throw new Error('not representable');
      }),
    ],
    ['refers to another document', describedAs(() => ({ $ref: 'https://example.com/schema' }))],
    ['has a list of anything', describedAs(() => ({ type: ['array', 'null'] }))],
    ['allows undeclared fields', describedAs(() => ({ type: 'object', properties: {} }))],
  ])('any field name is allowed for a schema that %s', (_, schema) => {
    expect(unknownField(schema, 'emial')).toBeUndefined();
  });

  test('a schema has both its own fields and the fields of its alternatives', () => {
    const [closed, field] = [{ type: 'object', additionalProperties: false }, (name: string) => ({ [name]: {} })];
    const schema = describedAs(() => ({
      ...closed,
      properties: field('a'),
      anyOf: [{ ...closed, properties: field('b') }],
    }));
    expect([unknownField(schema, 'a'), unknownField(schema, 'b')]).toEqual([undefined, undefined]);
    expect(unknownField(schema, 'c')).toMatch('It has: a, b');
  });

  test('a field is looked up in a schema that is a function', () => {
    const schema = Object.assign(() => undefined, { '~standard': Customer['~standard'] });
    expect(unknownField(schema, 'nam')).toMatch(/no field "nam"/);
  });

  test('looking up a field ends for a schema that refers to itself', () => {
    expect(
      unknownField(
        describedAs(() => ({ $ref: '#' })),
        'x',
      ),
    ).toMatch(/no field "x"/);
  });
});

/** A schema with the given self-description. */
function describedAs(output: () => unknown): unknown {
  return { '~standard': { ...productSchema['~standard'], jsonSchema: { output } } };
}
