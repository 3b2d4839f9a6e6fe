import { listInstances } from 'freshet-aws/internal/adapters/saga/table';
import { quoted } from 'freshet-aws/internal/core/errors';
import type { SagaInstance } from 'freshet-aws/internal/core/saga/step';
import type { Deployment } from '../../deployment/deployment.ts';
import { sagaFacts } from './deployment.ts';
import type { FactRef, FlowDocument, SagaInstanceDocument, SagaInstancesDocument, SagasDocument } from './documents.ts';
import { NotFound } from './reads-interface.ts';

/** Most instances of a page. */
const PAGE = 100;

/** Most pages that are read to find an instance with a status. */
const PAGES_AT_MOST = 10;

/** The sagas with their counts. @param flow the newest look at the flow */
export function sagasOf(deployment: Deployment, flow: FlowDocument): SagasDocument {
  return {
    at: flow.at,
    sagas: flow.sagas.flatMap((counts, index) => {
      const saga = deployment.sagas[index];
      return saga === undefined ? [] : [{ ...counts, ...sagaFacts(saga) }];
    }),
  };
}

/**
 * Lists a page of a saga's instances. With a status, pages are read until one has an instance with it, but at most ten.
 * Then the page is empty and there is a cursor.
 *
 * @throws NotFound
 */
export async function readSagaInstances(
  deployment: Deployment,
  input: {
    readonly saga: string;
    readonly status?: SagaInstanceDocument['status'] | undefined;
    readonly prefix?: string | undefined;
    readonly cursor?: string | undefined;
  },
): Promise<SagaInstancesDocument> {
  const saga = deployment.sagas.find(({ name }) => name === input.saga);
  if (saga === undefined) {
    const known = deployment.sagas.map(({ name }) => name).join(', ') || 'none';
    throw new NotFound(`saga: there is no saga named ${quoted(input.saga)}. Known: ${known}.`);
  }
  const table = { client: deployment.clients.tables, tableName: saga.table };
  const { status, prefix } = input;
  const instances: SagaInstance[] = [];
  let { cursor } = input;
  for (let read = 0; read < PAGES_AT_MOST && instances.length === 0; read += 1) {
    const page = await listInstances(table, { limit: PAGE, cursor, idPrefix: prefix === '' ? undefined : prefix });
    instances.push(...page.items.filter((one) => status === undefined || one.status === status));
    ({ cursor } = page);
    if (cursor === undefined) break;
  }
  return {
    saga: saga.name,
    instances: instances.map((one) => instanceOf(one, saga.needs)),
    cursor: cursor ?? null,
  };
}

/** An instance, with the facts that it waits for. @param needs undefined if the saga's stack doesn't say it */
export function instanceOf(instance: SagaInstance, needs: readonly FactRef[] | undefined): SagaInstanceDocument {
  const { key, status, beganAt, dueAtMs, revision, facts, effects } = instance;
  const missing = needs?.map(({ type }) => type).filter((type) => !Object.hasOwn(facts, type));
  return {
    key,
    status,
    beganAt,
    dueAt: dueAtMs === undefined ? null : new Date(dueAtMs).toISOString(),
    revision,
    facts: Object.values(facts)
      .map(({ type, id, occurredAt }) => ({ type, id, at: occurredAt }))
      .sort((a, b) => (a.at < b.at ? -1 : 1)),
    missing: status === 'waiting' ? (missing ?? null) : [],
    effects,
  };
}
