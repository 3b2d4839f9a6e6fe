import type { Boundary, Classification, EntityContract } from 'freshet-aws/internal/core/contract/contract';
import { quoted } from 'freshet-aws/internal/core/errors';
import { asyncApi } from '../../commands/contracts/asyncapi.ts';
import { describedSchema } from '../../commands/contracts/snapshot.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { type Boundaries, readBoundaries } from './boundaries.ts';
import type { BoundaryDocument, ContractsDocument, FieldDocument, OwnedTypeDocument } from './documents.ts';
import { NotFound } from './reads-interface.ts';
import { describedFields } from './schema-fields.ts';

/** The version of downloaded AsyncAPI documents: contracts have versions, boundaries have none. */
const INFO_VERSION = '1.0.0';

/** Reads the catalogue: the contracts of the boundaries of a deployment. */
export async function readContracts(deployment: Deployment): Promise<ContractsDocument> {
  const boundaries = await readBoundaries(deployment);
  const keepers = deployment.caches.map(({ name }) => boundaries.found.get(name)).filter((one) => one !== undefined);
  return {
    boundaries: [...boundaries.found.values()].map((one) => describe(one, keepers)),
    missing: boundaries.missing,
  };
}

/** Describes a boundary as AsyncAPI 3.0. @throws NotFound */
export async function readAsyncApi(deployment: Deployment, name: string): Promise<object> {
  const { found, missing } = await readBoundaries(deployment);
  const boundary = found.get(name);
  if (boundary !== undefined) return asyncApi(boundary, INFO_VERSION);
  const reason = missing.find((one) => one.boundary === name)?.reason;
  const known = [...found.keys()].join(', ') || 'none';
  throw new NotFound(
    `boundary: no contracts of ${quoted(name)} are known${reason === undefined ? '' : `: ${reason}`}. Known: ${known}.`,
  );
}

/** The JSON Schema of a type's states. @throws NotFound */
export async function readSchema(deployment: Deployment, type: string): Promise<object> {
  const contracts = contractsOf(await readBoundaries(deployment));
  const contract = contracts.get(type);
  const known = [...contracts.keys()].sort().join(', ') || 'none';
  if (contract === undefined) throw new NotFound(`type: no contract of ${quoted(type)} is known. Known: ${known}.`);
  const described = describedSchema(contract.schema);
  if (typeof described !== 'object' || described === null)
    throw new NotFound(`type: the schema of ${type} can't describe itself as JSON Schema. zod's schemas can.`);
  return described;
}

/** All contracts of types, also of owners elsewhere. The owner's own contract comes first. */
function contractsOf({ found }: Boundaries): Map<string, EntityContract> {
  const contracts = new Map<string, EntityContract>();
  for (const { caches } of found.values())
    for (const { contract } of Object.values(caches)) contracts.set(contract.type, contract);
  for (const { owns } of found.values())
    for (const contract of Object.values(owns)) contracts.set(contract.type, contract);
  return contracts;
}

function describe({ name, owns, caches, publishes }: Boundary, keepers: readonly Boundary[]): BoundaryDocument {
  return {
    name,
    owns: Object.values(owns).map((contract) => describeType(contract, keepers)),
    keeps: Object.entries(caches).map(([type, { contract, fields, fieldsRevision, indexes, onPoison }]) => ({
      type,
      owner: contract.owner,
      fields: fields ?? null,
      fieldsRevision,
      indexes,
      onPoison,
    })),
    publishes: Object.values(publishes).map(({ type, about, ids }) => ({ type, about, ids })),
  };
}

function describeType(contract: EntityContract, keepers: readonly Boundary[]): OwnedTypeDocument {
  const { type, schemaVersion, deltas, classification } = contract;
  return {
    type,
    schemaVersion,
    deltas,
    ...classOf(classification),
    fields: fieldsOf(contract),
    keptBy: keepers.flatMap(({ name, caches }) => {
      const kept = Object.hasOwn(caches, type) ? caches[type] : undefined;
      return kept === undefined ? [] : [{ cache: name, fields: kept.fields ?? null }];
    }),
  };
}

/** The fields with their classes. A field without a class of its own has that of the field around it, or the type's. */
function fieldsOf({ schema, classification, fields }: EntityContract): FieldDocument[] {
  return describedFields(describedSchema(schema)).map(({ path, keys, ...field }) => {
    const around = keys.map((_, index) => keys.slice(0, keys.length - index).join('.'));
    const own = around.find((one) => Object.hasOwn(fields, one));
    return { path, ...field, ...classOf(own === undefined ? classification : (fields[own] ?? classification)) };
  });
}

function classOf(given: Classification): { readonly classification: string; readonly publishedBecause: string | null } {
  return typeof given === 'string'
    ? { classification: given, publishedBecause: null }
    : { classification: given.is, publishedBecause: given.publishedBecause };
}
