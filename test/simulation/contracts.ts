import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Boundary, EntityContract } from '../../core/contract/contract.ts';
import { defineBoundary, keep } from '../../core/contract/define-boundary.ts';
import type { EntityRef } from '../../core/entity.ts';
import type { FailurePolicy } from '../../core/outcome.ts';
import type { ProjectSettings } from '../../core/project/ports.ts';
import type { State } from '../../core/state.ts';
import { schemaOf } from '../support/boundaries.ts';

/**
 * The state of the simulated entities. The note `huge:NAME` marks a state that the cache NAME can't store,
 * `odd:NAME` one whose write its table refuses as invalid, and `deadly:NAME` one that crashes it.
 */
export type Article = {
  readonly name: string;
  readonly price: number;
  readonly note: string;
  readonly description: string;
};

const article = schemaOf<Article>((value) => {
  const { name, price } = value as Record<string, unknown>;
  const issues: StandardSchemaV1.Issue[] = [];
  if (typeof name !== 'string') issues.push({ message: 'not a text', path: ['name'] });
  if (typeof price !== 'number') issues.push({ message: 'not a number', path: ['price'] });
  return issues.length > 0 ? { issues } : { value: value as Article };
});

export const TYPES = ['Product', 'Price', 'Label'] as const;
export type Type = (typeof TYPES)[number];

/** The schema versions of Product. */
export type SchemaVersion = 2 | 3;

/** The owner's boundary in an epoch. Product and Label publish deltas, Price the whole state. */
export function ownerAt(epoch: number, schemaVersion: SchemaVersion = 2) {
  return defineBoundary('file:///catalogue.ts', {
    name: 'catalogue',
    owns: {
      Product: { schema: article, schemaVersion, deltas: true },
      Price: { schema: article },
      Label: { schema: article, deltas: true },
    },
    epoch,
  });
}

const OWNERS = { 2: ownerAt(0, 2), 3: ownerAt(0, 3) } as const;

export const CACHES = ['shop', 'depot'] as const;
export type CacheName = (typeof CACHES)[number];

const FIELDS = { 1: ['name', 'note'], 2: ['name', 'note', 'price'] } as const satisfies Record<
  number,
  (keyof Article)[]
>;
export type FieldsRevision = keyof typeof FIELDS;

/** The fields that a cache keeps of a type, by the revision of its selection; undefined for all. */
export function fieldsOf(cache: CacheName, type: string, revision: number): readonly string[] | undefined {
  if (cache === 'shop') return type === 'Label' ? FIELDS[1] : undefined;
  return revision === 2 ? FIELDS[2] : FIELDS[1];
}

/**
 * The policy of each cache for poison. The depot has other policies and keeps few fields.
 */
const POLICIES: Record<CacheName, Record<Type, FailurePolicy>> = {
  shop: { Product: 'park', Price: 'stop', Label: 'discard' },
  depot: { Product: 'stop', Price: 'park', Label: 'park' },
};

export function policyIn(cache: CacheName, type: string): FailurePolicy {
  return POLICIES[cache][type as Type];
}

const boundaries = new Map<string, Boundary>();

/** A cache's boundary with a selection of fields, a schema version of Product, and the types that it keeps. */
export function cacheBoundary(
  name: CacheName,
  revision: FieldsRevision,
  schemaVersion: SchemaVersion,
  types: readonly Type[],
): Boundary {
  const key = `${name} ${revision} ${schemaVersion} ${types}`;
  let boundary = boundaries.get(key);
  if (boundary === undefined) {
    const caches = types.map((type) => {
      const contract = OWNERS[schemaVersion].owns[type];
      const fields = fieldsOf(name, type, revision) as readonly (keyof Article)[] | undefined;
      const fieldsRevision = name === 'depot' ? revision : 1;
      const options = { fieldsRevision, onPoison: policyIn(name, type), ...(fields && { fields }) };
      return [type, keep(contract as EntityContract<Article>, options)] as const;
    });
    boundary = defineBoundary(`file:///${name}.ts`, { name, caches: Object.fromEntries(caches) });
    boundaries.set(key, boundary);
  }
  return boundary;
}

/** The boundary for one invocation that crashes on certain states. */
export function deadly(boundary: Boundary, isDeadly: (state: State) => boolean, crash: () => void): Boundary {
  const caches = Object.entries(boundary.caches).map(([type, cached]) => {
    const { validate } = cached.contract.schema['~standard'];
    const schema = schemaOf<State>((value) => {
      if (!isDeadly(value as State)) return validate(value);
      crash();
      return new Promise(() => {});
    });
    return [type, { ...cached, contract: { ...cached.contract, schema } }] as const;
  });
  return { ...boundary, caches: Object.fromEntries(caches) };
}

const DAY_SECONDS = 86_400;

/** The settings that the construct deploys, with a smaller budget. */
export const SETTINGS: ProjectSettings = {
  tombstoneLifeSeconds: 60 * DAY_SECONDS,
  maxEventAgeSeconds: 59 * DAY_SECONDS,
  budget: { attempts: 5, ageSeconds: 120 },
  newerSchemaWaitSeconds: 240,
};

/** Entities of all types, in turns. */
export function entities(count: number): EntityRef[] {
  return Array.from({ length: count }, (_, at) => ({ type: TYPES[at % TYPES.length] as Type, id: `e${at}` }));
}
