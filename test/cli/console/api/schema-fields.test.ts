import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { describedSchema } from '../../../../cli/commands/contracts/snapshot.ts';
import { describedFields } from '../../../../cli/console/api/schema-fields.ts';

const fieldsOf = (schema: z.ZodType) =>
  describedFields(describedSchema(schema)).map(({ path, type, isRequired }) => [path, type, isRequired]);

describe('the fields of a schema', () => {
  test('are listed by path, with their types', () => {
    const schema = z.object({
      name: z.object({ common: z.string(), official: z.string().optional() }),
      area: z.int().nullable(),
      kind: z.enum(['land', 'sea']),
      tags: z.array(z.string()),
      cities: z.array(z.object({ name: z.string() })),
      names: z.record(z.string(), z.object({ short: z.string() })),
    });
    expect(fieldsOf(schema)).toEqual([
      ['name', 'object', true],
      ['name.common', 'string', true],
      ['name.official', 'string', false],
      ['area', 'integer or null', true],
      ['kind', '"land" or "sea"', true],
      ['tags', 'array of string', true],
      ['cities', 'array of object', true],
      ['cities.name', 'string', true],
      ['names', 'map of object', true],
      ['names.short', 'string', true],
    ]);
  });

  test('of alternatives are listed once', () => {
    const schema = z.union([
      z.object({ kind: z.literal('a'), size: z.number() }),
      z.object({ kind: z.literal('b'), color: z.string() }),
    ]);
    expect(fieldsOf(schema).map(([path]) => path)).toEqual(['kind', 'size', 'color']);
  });

  test('of a schema that refers to itself end', () => {
    const tree = z.object({
      name: z.string(),
      get children() {
        return z.array(tree);
      },
    });
    const paths = fieldsOf(tree).map(([path]) => path);
    expect(paths.slice(0, 2)).toEqual(['name', 'children']);
    expect(paths.length).toBeLessThan(50);
  });

  test('have the descriptions of the schema', () => {
    const [field] = describedFields(describedSchema(z.object({ east: z.number().describe('Degrees.') })));
    expect(field).toMatchObject({ path: 'east', description: 'Degrees.' });
  });

  test('are unknown if the schema cannot describe itself', () => {
    expect(describedFields(undefined)).toEqual([]);
  });
});
