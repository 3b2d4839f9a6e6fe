import type { Deployment } from '../../deployment/deployment.ts';
import { mappingOf } from './actions.ts';
import { named, type Watched, withTable } from './rehearsal.ts';

/** The names that the commands of a runbook entry use, as "Set the names first" of docs/runbook.md sets them. */
export async function runbookNames(
  deployment: Deployment,
  on: Watched,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const { caches, owners, factTopics, factQueues, sagas, effects } = deployment;
  switch (on) {
    case 'cache': {
      const { deployed } = named(caches, (one) => one.name, name);
      return {
        QUEUE_URL: deployed.queueUrl,
        CACHE_TABLE: deployed.table,
        PROJECTOR: deployed.projector,
        REPAIR: deployed.repair,
        REPORT: deployed.report,
      };
    }
    case 'owner': {
      const { deployed } = named(owners, (one) => one.name, name);
      return {
        ...(deployed.table !== undefined && { OWNER_TABLE: deployed.table }),
        TOPIC_ARN: deployed.topicArn,
        FAILURES_URL: deployed.failureQueueUrl,
        FLOW_TABLE: deployed.flowTable,
        RELAY: deployed.relay,
        GOVERNOR: deployed.governor,
      };
    }
    case 'topic of facts': {
      const facts = named(withTable(factTopics), (one) => one.boundary, name);
      return {
        FACT_TABLE: facts.table,
        FACT_TOPIC_ARN: facts.topicArn,
        FACT_RELAY: facts.relay,
        FACT_FAILURES_URL: facts.failureQueueUrl,
      };
    }
    case 'queue of facts': {
      const { deployed } = named(factQueues, (one) => one.name, name);
      const handler = await mappingOf(deployment, deployed.queueUrl);
      return {
        FACT_QUEUE_URL: deployed.queueUrl,
        FACT_DEAD_LETTERS_URL: deployed.deadLetterQueueUrl,
        FACT_UNDELIVERED_URL: deployed.subscriptionDeadLetterQueueUrl,
        ...(handler && { FACT_HANDLER: handler.functionName }),
      };
    }
    case 'saga': {
      const saga = named(sagas, (one) => one.name, name);
      const handled = effects.find((one) => one.name === name);
      return {
        SAGA_TABLE: saga.table,
        ...(saga.deadlines !== undefined && { DEADLINES: saga.deadlines }),
        ...(handled && { EFFECT_HANDLER: handled.handler, EFFECT_FAILURES_URL: handled.failureQueueUrl }),
      };
    }
  }
}
