import type { AdoptPorts, CopySource, CopyTable, CopyVersion } from '../../core/adopt/adopt.ts';
import { type Copy, isAfter } from '../../core/adopt/decide.ts';
import type { WireItem } from '../../core/adopt/item.ts';
import type { Refusal } from '../../core/adopt/map.ts';
import type { TableRecord } from '../../core/adopt/record.ts';
import { defineBoundary } from '../../core/contract/define-boundary.ts';
import { type EntityRef, entityName } from '../../core/entity.ts';
import { TOMBSTONE_DIGEST } from '../../core/state.ts';
import { schemaOf } from './boundaries.ts';

export type Part = { readonly name: string };

const parts = schemaOf<Part>((value) => {
  const { name } = value as { name?: unknown };
  return typeof name === 'string' ? { value: { name } } : { issues: [{ message: 'not a text', path: ['name'] }] };
});

/**
 * A boundary that adopts two types of one table. Items have a `kind`; the key is `pk`. An item's id can be its `alias`,
 * which differs from the key in case only.
 */
export const workshop = defineBoundary('file:///workshop.ts', {
  name: 'workshop',
  owns: {
    Part: {
      schema: parts,
      adopted: {
        read: ({ kind, pk, alias, v, name }) =>
          kind === 'Part' ? { id: alias ?? pk, version: v, state: { name } } : undefined,
        key: (id) => ({ pk: id.toLowerCase() }),
        expiresBy: 'ttl',
      },
    },
    Lease: {
      schema: parts,
      adopted: {
        read: ({ kind, pk, alias, v, name }) =>
          kind === 'Lease' ? { id: alias ?? pk, version: v, state: { name } } : undefined,
        key: (id) => ({ pk: id.toLowerCase() }),
        deletedByExpiry: true,
      },
    },
  },
});

/** An item of the workshop's table. */
export function partItem(id: string, version: number, name: string, kind = 'Part'): WireItem {
  return { pk: { S: id }, kind: { S: kind }, v: { N: String(version) }, name: { S: name } };
}

export const TABLE = 'arn:aws:dynamodb:eu-west-1:000000000000:table/parts';
export const STREAM = `${TABLE}/stream/2026-11-30T00:00:00.000`;

/** A record of the change from one item to another. */
export function tableRecord(
  sequence: number,
  before: WireItem | undefined,
  after: WireItem | undefined,
  rest: Partial<TableRecord> = {},
): TableRecord {
  const { pk } = after ?? before ?? {};
  if (pk === undefined) throw new Error('a record has an image');
  const kind = before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY';
  const sequenceNumber = String(sequence);
  return {
    sequenceNumber,
    streamArn: STREAM,
    atMs: sequence * 1000,
    isExpiry: false,
    key: { pk },
    before,
    after,
    kind,
    ...rest,
  };
}

/** A committed version of a copy, or a note. */
export interface Committed {
  readonly entity: EntityRef;
  readonly change: CopyVersion | 'expired';
}

/** Freshet's own table of copies, in memory. */
export interface MemoryCopies extends CopyTable {
  readonly copies: Map<string, Copy & { readonly json: string | undefined }>;
  readonly committed: Committed[];
}

export function memoryCopies(): MemoryCopies {
  const copies = new Map<string, Copy & { readonly json: string | undefined }>();
  const committed: Committed[] = [];
  return {
    copies,
    committed,
    read: async (entity) => copies.get(entityName(entity)),
    async write(entity, change, { expected, source, isPredicted }) {
      const stored = copies.get(entityName(entity));
      const isExpected = stored?.version === expected?.version && (stored?.base ?? 0) === (expected?.base ?? 0);
      if (!isExpected || !comesAfter(source, stored) || (isPredicted && isSurveyedAfter(source, stored))) {
        return { taken: false, copy: stored };
      }
      const from = {
        position: source.kind === 'record' ? source.position : stored?.position,
        surveyedAtMs: source.kind === 'survey' ? source.atMs : stored?.surveyedAtMs,
      };
      const name = entityName(entity);
      if (change === 'expired') {
        committed.push({ entity, change });
        if (stored !== undefined) copies.set(name, { ...stored, ...from, isExpired: true });
      } else if (!('version' in change)) {
        if (stored !== undefined) copies.set(name, { ...stored, ...from, ...change });
      } else {
        committed.push({ entity, change });
        const { version, base, digest, json, expiresAtSeconds } = change;
        const isDeleted = digest === TOMBSTONE_DIGEST;
        copies.set(name, { version, base, digest, json, expiresAtSeconds, isDeleted, ...from });
      }
      return { taken: true };
    },
  };
}

function comesAfter(source: CopySource, stored: Copy | undefined): boolean {
  return source.kind === 'survey' || isAfter(source.position, stored?.position);
}

function isSurveyedAfter(source: CopySource, stored: Copy | undefined): boolean {
  return stored?.surveyedAtMs !== undefined && stored.surveyedAtMs >= source.atMs;
}

/** What was set aside. */
export interface SetAside extends Refusal {
  readonly sequenceNumber: string;
  readonly entity: EntityRef | undefined;
}

export function memoryPorts(): AdoptPorts & MemoryCopies & { readonly aside: SetAside[] } {
  const aside: SetAside[] = [];
  return {
    ...memoryCopies(),
    aside,
    async setAside(sequenceNumber, refusal, entity) {
      aside.push({ sequenceNumber, ...refusal, entity });
    },
  };
}
