import type { Boundary, EntityContract } from 'freshet-aws/internal/core/contract/contract';
import { eventEnvelope, SOURCE_PREFIX } from 'freshet-aws/internal/core/event';
import { factEnvelope } from 'freshet-aws/internal/core/facts/event';
import type { FactContract } from 'freshet-aws/internal/core/facts/fact';
import { toJSONSchema } from 'zod';
import type { $ZodType } from 'zod/v4/core';
import { describedSchema } from './snapshot.ts';

type Json = Readonly<Record<string, unknown>>;

const CONTENT_TYPE = 'application/cloudevents+json';

/**
 * Describes a boundary as an AsyncAPI 3.0 document: the channels of the changes and facts that it sends, and of the
 * changes that its cache receives.
 *
 * @param version the version of the document (`info.version`)
 */
export function asyncApi(boundary: Boundary, version: string): Json {
  const { name, owns, caches, publishes } = boundary;
  const kept = Object.values(caches);
  const owned = Object.values(owns);
  const facts = Object.values(publishes);
  const owners = [...new Set(kept.map(({ contract }) => contract.owner))].sort();
  const received = (owner: string) => kept.filter(({ contract }) => contract.owner === owner);
  const contracts = [...owned, ...kept.map(({ contract }) => contract)];
  const channels = {
    ...(owned.length > 0 && { [changesOf(name)]: changes(name, owned) }),
    ...(facts.length > 0 && { [factsOf(name)]: factChannel(name, facts) }),
    ...Object.fromEntries(
      owners.map((owner) => [
        changesOf(owner),
        changes(
          owner,
          received(owner).map(({ contract }) => contract),
        ),
      ]),
    ),
  };
  const operations = {
    ...(owned.length > 0 && { sendChanges: operation('send', changesOf(name), owned, 'Publishes each change.') }),
    ...(facts.length > 0 && { sendFacts: operation('send', factsOf(name), facts, 'Publishes each fact.') }),
    ...Object.fromEntries(
      owners.map((owner) => [
        `receive.${owner}`,
        operation(
          'receive',
          changesOf(owner),
          received(owner).map(({ contract }) => contract),
          received(owner)
            .map(({ contract, fields }) => `Keeps ${fields?.join(', ') ?? 'the whole state'} of ${contract.type}.`)
            .join(' '),
        ),
      ]),
    ),
  };
  return {
    asyncapi: '3.0.0',
    id: SOURCE_PREFIX + name,
    info: { title: name, version, description: `The changes and facts of the boundary ${name}.` },
    defaultContentType: CONTENT_TYPE,
    channels,
    operations,
    components: {
      messages: Object.fromEntries([
        ...contracts.map((one) => [one.type, changeMessage(one)]),
        ...facts.map((one) => [one.type, factMessage(one)]),
      ]),
      schemas: Object.fromEntries([
        ...contracts.map((one) => [one.type, stateSchema(one)]),
        ...contracts.map((one) => [`${one.type}.event`, eventSchema(one)]),
        ...facts.map((one) => [`${one.type}.event`, factSchema(one)]),
      ]),
    },
  };
}

function changesOf(owner: string): string {
  return `${owner}.changes`;
}

function factsOf(owner: string): string {
  return `${owner}.facts`;
}

function changes(owner: string, contracts: readonly EntityContract[]): Json {
  const description =
    `The SNS FIFO topic of ${owner}. The message group is the entity, so its versions arrive in order. A consumer takes ` +
    'a version only if it is newer than the one that it holds.';
  return { address: null, title: `Changes of ${owner}`, description, messages: messageRefs(contracts) };
}

function factChannel(owner: string, facts: readonly FactContract[]): Json {
  const description = `The SNS FIFO topic of the facts of ${owner}. A fact carries ids only.`;
  return { address: null, title: `Facts of ${owner}`, description, messages: messageRefs(facts) };
}

function messageRefs(contracts: readonly { readonly type: string }[]): Json {
  return Object.fromEntries(contracts.map(({ type }) => [type, { $ref: `#/components/messages/${type}` }]));
}

function operation(
  action: 'send' | 'receive',
  channel: string,
  contracts: readonly { readonly type: string }[],
  description: string,
): Json {
  return {
    action,
    channel: { $ref: `#/channels/${channel}` },
    description,
    messages: contracts.map(({ type }) => ({ $ref: `#/channels/${channel}/messages/${type}` })),
  };
}

function changeMessage({ type, owner, schemaVersion, deltas, classification, fields }: EntityContract): Json {
  return {
    name: type,
    title: type,
    summary: `A version of an entity of the type ${type}: its whole state${deltas ? ', its changes' : ''}, or its deletion.`,
    contentType: CONTENT_TYPE,
    payload: { $ref: `#/components/schemas/${type}.event` },
    'x-freshet': { owner, schemaVersion, classification, ...(Object.keys(fields).length > 0 && { fields }) },
  };
}

function factMessage({ type, owner, about }: FactContract): Json {
  return {
    name: type,
    title: type,
    summary: `Something that happened to the thing that ${about} names.`,
    contentType: CONTENT_TYPE,
    payload: { $ref: `#/components/schemas/${type}.event` },
    'x-freshet': { owner, about },
  };
}

/** The CloudEvents envelope of a type's events. */
function eventSchema({ type, owner, schemaVersion, deltas }: EntityContract): Json {
  const { properties, required } = envelopeOf(eventEnvelope());
  const { data: _, data_base64: __, ...attributes } = properties;
  const state = { properties: { kind: { const: 'state' }, data: { $ref: `#/components/schemas/${type}` } } };
  const changed = { type: 'object', description: 'The fields with new values.' };
  const removed = { type: 'array', items: { type: 'string' }, description: 'The fields that are gone.' };
  const delta = { type: 'object', properties: { changed, removed }, required: ['changed', 'removed'] };
  const compressed = {
    type: 'string',
    contentEncoding: 'base64',
    contentMediaType: 'application/gzip',
    description: 'The data as JSON, compressed with gzip. Only of large data.',
  };
  return {
    type: 'object',
    properties: {
      ...attributes,
      type: { const: type },
      source: { const: SOURCE_PREFIX + owner },
      subject: { type: 'string', description: "The entity's id." },
      schemaversion: { type: 'integer', minimum: 1, maximum: schemaVersion },
      traceparent: { type: 'string', description: 'W3C Trace Context of the commit.' },
    },
    required,
    oneOf: [
      { ...state, required: ['data'] },
      ...(deltas ? [{ properties: { kind: { const: 'delta' }, data: delta }, required: ['data', 'basedigest'] }] : []),
      {
        properties: {
          kind: { enum: deltas ? ['state', 'delta'] : ['state'] },
          datacontenttype: { const: 'application/gzip' },
          data_base64: compressed,
        },
        required: ['data_base64'],
        not: { required: ['data'] },
      },
      {
        properties: { kind: { const: 'tombstone' } },
        not: { anyOf: [{ required: ['data'] }, { required: ['data_base64'] }] },
      },
    ],
  };
}

function factSchema({ type, owner, ids }: FactContract): Json {
  const { properties, required } = envelopeOf(factEnvelope);
  const data = {
    type: 'object',
    properties: Object.fromEntries(ids.map((id) => [id, { type: 'string' }])),
    required: [...ids],
  };
  return {
    type: 'object',
    properties: { ...properties, type: { const: type }, source: { const: SOURCE_PREFIX + owner }, data },
    required,
  };
}

function envelopeOf(schema: $ZodType) {
  const { properties, required } = toJSONSchema(schema, { target: 'draft-7', unrepresentable: 'any' });
  return { properties: properties as Record<string, unknown>, required };
}

/** The JSON Schema of a type's states. Its definitions are found where the document has it. */
function stateSchema({ type, schema }: EntityContract): Json {
  const described = describedSchema(schema);
  if (described === undefined) return { description: `The schema of ${type} can't describe itself as JSON Schema.` };
  return moved(described, `#/components/schemas/${type}`) as Json;
}

/** Turns a schema of draft 2020-12 into one of draft 7, which AsyncAPI extends, at another place. */
function moved(node: unknown, base: string): unknown {
  if (Array.isArray(node)) return node.map((one) => moved(one, base));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).filter(([key]) => key !== '$schema' && key !== '~standard');
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (key === '$ref' && typeof value === 'string' && value.startsWith('#'))
        return [key, base + value.slice(1).replace('/$defs/', '/definitions/')];
      const name = key === '$defs' ? 'definitions' : key === 'prefixItems' ? 'items' : key;
      return [name, moved(value, base)];
    }),
  );
}
