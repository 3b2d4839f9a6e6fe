import * as z from 'zod/mini';
import { entityRef } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import type { Row } from './sql-client.ts';

/** An ISO 8601 time in UTC with milliseconds, as `Date.toISOString` writes it. */
export const isoTime = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The columns of an entity, each as a text. */
export const entityColumns = (alias: string, { withState = true } = {}) =>
  [
    `${alias}.type`,
    `${alias}.id`,
    `${alias}.version::text`,
    `${alias}.digest`,
    `${alias}.schema_version::text`,
    `${isoTime(`${alias}.changed_at`)} AS changed_at`,
    ...(withState ? [`${alias}.state`, `${alias}.traceparent`] : []),
  ].join(', ');

const text = z.string();
const optionalText = z.optional(z.nullable(z.string()));
const digits = z.pipe(
  z.string(),
  z.transform((value) => Number(value)),
);

const stamp = {
  version: digits,
  digest: text,
  schema_version: digits,
  changed_at: text,
};
const entityRow = z.object({ type: text, id: text, ...stamp, state: optionalText, traceparent: optionalText });

/**
 * Reads an entity's row.
 *
 * @throws Error if it isn't a row that the owner's interface wrote
 */
export function ownedOfRow(row: Row): OwnedEntity {
  const { type, id, version, digest, schema_version, changed_at, state, traceparent } = entityRow.parse(row);
  return {
    entity: entityRef(type, id),
    version,
    digest,
    schemaVersion: schema_version,
    changedAt: changed_at,
    stateJson: state ?? undefined,
    traceparent: traceparent ?? undefined,
  };
}

const previousJson = z.object({ version: z.number(), digest: text, schemaVersion: z.number(), changedAt: text });

/** The version before, as the outbox holds it without its state. */
export function previousText({ version, digest, schemaVersion, changedAt }: OwnedEntity): string {
  return JSON.stringify({ version, digest, schemaVersion, changedAt });
}

/** Reads the version before of an outbox row; undefined if the row has none. */
export function previousOfRow(row: Row): OwnedEntity | undefined {
  if (typeof row.previous !== 'string') return undefined;
  const stored = previousJson.parse(JSON.parse(row.previous));
  return { ...stored, entity: entityRef(row.type, row.id), stateJson: row.previous_state ?? undefined };
}
