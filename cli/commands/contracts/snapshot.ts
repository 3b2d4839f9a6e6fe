import { createHash } from 'node:crypto';
import type { Boundary, EntityContract } from 'freshet-aws/internal/core/contract/contract';
import { describedBy } from 'freshet-aws/internal/core/contract/schema-fields';
import { toJSONSchema } from 'zod';
import * as z from 'zod/mini';

const json = z.record(z.string(), z.unknown());

const ownedType = z.object({
  schemaVersion: z.int(),
  /** Schema version to the hash of the upcast's code, without white space. */
  upcasts: z.record(z.string(), z.string()),
  deltas: z.boolean(),
  classification: z.unknown(),
  /** The data classes of fields. */
  fields: json,
  /** JSON Schema of the state that is stored; null if the schema library can't describe it. */
  schema: z.nullable(json),
});

const cachedType = z.object({
  owner: z.string(),
  /** The kept fields; null for the whole state. */
  fields: z.nullable(z.array(z.string())),
  fieldsRevision: z.int(),
  indexes: z.record(z.string(), z.string()),
});

const factType = z.object({ ids: z.array(z.string()), about: z.string() });

const boundary = z.object({
  owns: z.record(z.string(), ownedType),
  caches: z.record(z.string(), cachedType),
  publishes: z.record(z.string(), factType),
});

/** The committed description of a project's contracts. */
export const snapshot = z.object({ format: z.literal(1), boundaries: z.record(z.string(), boundary) });

export type Snapshot = z.infer<typeof snapshot>;
export type DescribedBoundary = z.infer<typeof boundary>;
export type DescribedType = z.infer<typeof ownedType>;

/** Describes the contracts of a boundary. Keys are sorted, so that equal contracts have the same text. */
export function describeBoundary({ owns, caches, publishes }: Boundary): DescribedBoundary {
  return sorted({
    owns: mapped(owns, describeType),
    caches: mapped(caches, ({ contract, fields, fieldsRevision, indexes }) => ({
      owner: contract.owner,
      fields: fields === undefined ? null : [...fields].sort(),
      fieldsRevision,
      indexes,
    })),
    publishes: mapped(publishes, ({ ids, about }) => ({ ids: [...ids].sort(), about })),
  }) as DescribedBoundary;
}

/** The text of the snapshot's file. */
export function snapshotText(boundaries: Snapshot['boundaries']): string {
  return `${JSON.stringify({ format: 1, boundaries: sorted(boundaries) }, undefined, 2)}\n`;
}

function describeType({ schema, schemaVersion, upcasts, deltas, classification, fields }: EntityContract): unknown {
  return {
    schemaVersion,
    upcasts: mapped(upcasts as Readonly<Record<string, unknown>>, codeHash),
    deltas,
    classification,
    fields,
    schema: describedSchema(schema) ?? null,
  };
}

/** The JSON Schema of the states that a schema gives; undefined if its library can't describe it. */
export function describedSchema(schema: object): unknown {
  return describedBy(schema) ?? describedByZod(schema);
}

/** The JSON Schema of a zod/mini schema, which has no method that describes it. */
function describedByZod(schema: object): unknown {
  if (!('_zod' in schema)) return undefined;
  try {
    return toJSONSchema(schema as never, { io: 'output', unrepresentable: 'any' });
  } catch {
    return undefined;
  }
}

/** A hash of a function's code that doesn't depend on how the code is laid out. */
function codeHash(code: unknown): string {
  return createHash('sha256')
    .update(String(code).replaceAll(/[\s;]+/g, ''))
    .digest('hex')
    .slice(0, 16);
}

function mapped<T>(record: Readonly<Record<string, T>>, map: (value: T) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** The value with the keys of all its objects in order, and with its lists of required fields in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  // A schema of zod has a method in its description.
  const entries = Object.entries(value).filter(([key, one]) => key !== '~standard' && one !== undefined);
  return Object.fromEntries(
    entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, key === 'required' && Array.isArray(one) ? [...one].sort() : sorted(one)]),
  );
}
