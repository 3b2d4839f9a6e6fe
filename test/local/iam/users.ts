import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { createFlow } from '../../../adapters/govern/flow.ts';
import { createFlowStore } from '../../../adapters/govern/flow-table.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import { ownerTable } from '../../../cli/deployment/names.ts';
import type { Lab } from '../../failure/lab.ts';
import { itemState } from '../../failure/messages.ts';

/**
 * Makes the calls of an owner's and a consumer's functions, which have the permissions of `grantWrite` and `grantRead`.
 */
export async function useAsFunctions(lab: Lab): Promise<void> {
  await writeWhilePaced(lab);
  for (const name of ['parking', 'stopping', 'discarding'] as const) {
    const { boundary, deployed } = lab.cache(name);
    const client = clientOf(lab, `reader-of-${name}`);
    const reader = createReader({ boundary, tableName: deployed.table, client });
    await reader.get('Item', 'changed');
    await reader.getMany('Item', ['changed', 'deleted']);
    await reader.list('Item');
    client.destroy();
  }
}

/** With a decision that paces writers, writers lease tokens. */
async function writeWhilePaced(lab: Lab): Promise<void> {
  const { boundary, deployed } = lab.itemOwner;
  const developer = dynamoDbClient({ endpoint: lab.cloud.endpoints.dynamodb });
  const nowMs = Date.now();
  await createFlowStore({ client: developer, tableName: deployed.flowTable }).saveDecision({
    state: 'paced',
    pacePerSecond: 1_000,
    retryAfterSeconds: 1,
    levels: {},
    missing: [],
    decidedAtMs: nowMs,
    validUntilMs: nowMs + 10_000,
  });
  developer.destroy();
  const client = clientOf(lab, 'writer');
  const flow = createFlow({ client, tableName: deployed.flowTable });
  const owner = createOwner({ boundary, tableName: ownerTable(lab.itemOwner), client, flow });
  await owner.put('Item', 'written', itemState(1));
  await owner.get('Item', 'written');
  await owner.list('Item');
  await owner.delete('Item', 'written');
  client.destroy();
}

/** A client with the credentials of a function. Function and role have the given name. */
function clientOf({ cloud, dynamoDbForFunctions }: Lab, name: string): DynamoDBClient {
  cloud.access.assume(name, `arn:aws:iam::${cloud.accountId}:role/${name}`);
  const credentials = cloud.access.credentialsOf(name);
  if (credentials === undefined) throw new Error(`${name} has no credentials`);
  return new DynamoDBClient({ endpoint: dynamoDbForFunctions, region: cloud.region, credentials });
}
