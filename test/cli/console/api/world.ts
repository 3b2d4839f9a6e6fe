import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { createFacts } from '../../../../adapters/facts/outbox.ts';
import { createReads } from '../../../../cli/console/api/reads.ts';
import type { ConsoleReads } from '../../../../cli/console/api/reads-interface.ts';
import type { Deployment, OpenOwner } from '../../../../cli/deployment/deployment.ts';
import { openLocalCloud } from '../../../../cli/deployment/local-cloud.ts';
import { localFileOf } from '../../../../cli/deployment/local-file.ts';
import { messageGroupId } from '../../../../core/entity.ts';
import { type LocalCloud, startLocalCloud } from '../../../../local/cloud.ts';
import { factsIn } from '../../../../local/deployed.ts';
import billing from '../../../sagas/billing.ts';
import sales from '../../../sagas/sales.ts';
import { assemblyOf } from '../../../support/assembly.ts';
import { root } from '../../../support/command-line.ts';

/** A deployment in a local cloud, and the console's reads of it. */
export interface World {
  readonly cloud: LocalCloud;
  readonly deployment: Deployment;
  readonly reads: ConsoleReads;
  readonly owner: OpenOwner;
  /** The template of a stack. */
  template(stack: string): unknown;
  /** Sends a message of a place's group into a cache's queue, without owner and topic. */
  send(cache: string, id: string, body: string): Promise<void>;
  /** Commits facts about an order. */
  placed(orderId: string): Promise<unknown>;
  billed(orderId: string): Promise<unknown>;
  /** Opens the deployment with other outputs. */
  withOutputs(change: (output: Record<string, unknown>) => Record<string, unknown>): Deployment;
  stop(): Promise<void>;
}

/** Starts the deployment in a local cloud. */
export async function startWorld(): Promise<World> {
  const assembly = await assemblyOf('test/cli/console/api/app.ts');
  const cloud = await startLocalCloud({ assembly });
  const file = localFileOf(cloud);
  const deployment = openLocalCloud({ file, projectFolder: root });
  const { tables: client, queues } = deployment.clients;
  const tableOf = (name: string) => factsIn(cloud, { name }).table;
  let sent = 0;
  return {
    cloud,
    deployment,
    reads: createReads(deployment),
    owner: await deployment.ownerOf('Place'),
    template: (stack) => JSON.parse(readFileSync(join(assembly, `${stack}.template.json`), 'utf8')),
    async send(cache, id, body) {
      sent += 1;
      await queues.send(
        new SendMessageCommand({
          QueueUrl: deployment.findCache(cache).deployed.queueUrl,
          MessageBody: body,
          MessageGroupId: messageGroupId({ type: 'Place', id }),
          MessageDeduplicationId: `test-${sent}`,
        }),
      );
    },
    placed: (orderId) =>
      createFacts({ boundary: sales, tableName: tableOf('sales'), client }).commit('OrderPlaced', {
        orderId,
        shoppingCartId: 'cart',
      }),
    billed: (orderId) =>
      createFacts({ boundary: billing, tableName: tableOf('billing'), client }).commit('OrderBilled', {
        orderId,
        paymentId: 'payment',
      }),
    withOutputs: (change) =>
      openLocalCloud({
        file: {
          ...file,
          deployed: file.deployed.map((text) => {
            const output: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
            return typeof output === 'object' && output !== null
              ? JSON.stringify(change(output as Record<string, unknown>))
              : text;
          }),
        },
        projectFolder: root,
      }),
    async stop() {
      deployment.close();
      await cloud.stop();
    },
  };
}
