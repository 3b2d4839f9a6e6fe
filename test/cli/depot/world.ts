import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { dynamoDbClient, sqsClient } from '../../../adapters/aws/clients.ts';
import { readDeployed } from '../../../adapters/aws/stack-output.ts';
import { createParking } from '../../../adapters/project/parking-table.ts';
import type { Deployment, OpenCache, OpenOwner } from '../../../cli/deployment/deployment.ts';
import { openLocalCloud } from '../../../cli/deployment/local-cloud.ts';
import { localFileOf, writeLocalFile } from '../../../cli/deployment/local-file.ts';
import { messageGroupId } from '../../../core/entity.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { outgoingMessage } from '../../../core/relay/message.ts';
import { canonicalState, type State } from '../../../core/state.ts';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { assemblyOf } from '../../support/assembly.ts';
import { type Ended, root, runFreshet, runHere } from '../../support/command-line.ts';
import { setTestCredentials } from '../../support/credentials.ts';
import depot from './owner.ts';

/** An owner with two caches in a local cloud, and a folder in which commands find the cloud. */
export interface Depot {
  readonly cloud: LocalCloud;
  readonly folder: string;
  readonly deployment: Deployment;
  readonly owner: OpenOwner;
  readonly client: DynamoDBClient;
  cache(name: 'strict' | 'lenient'): OpenCache;
  /** Runs a command in this process. */
  run(...args: readonly string[]): Promise<Ended>;
  /** Runs a command in a process of its own, as a person does. */
  runAlone(...args: readonly string[]): Promise<Ended>;
  /** Runs a command with `--json`, and parses its output. */
  json<T>(...args: readonly string[]): Promise<{ code: number; result: T }>;
  /** Sends a message of the entity's group into a cache's queue, without owner and topic. */
  send(cache: 'strict' | 'lenient', id: string, body: string): Promise<void>;
  /** Parks a body as a projector would. @returns its key */
  park(cache: 'strict' | 'lenient', id: string, body: string): Promise<string>;
  /** Makes the commands load other contracts of the owner. */
  useContracts(file: string): void;
  stop(): Promise<void>;
}

/** A made-up entity of the owner. */
export function item(id: string, version: number, state: State): OwnedEntity {
  const entity = { type: 'Item', id };
  const { json, digest } = canonicalState(entity, state);
  return { entity, version, digest, schemaVersion: 1, changedAt: new Date().toISOString(), stateJson: json };
}

/** The event that the relay would publish. */
export function bodyOf(owned: OwnedEntity): string {
  const message = outgoingMessage(depot, owned, { publishedAt: new Date().toISOString() });
  if ('reason' in message) throw new Error(message.message);
  return message.body;
}

export async function startDepot(): Promise<Depot> {
  const assembly = await assemblyOf('test/cli/depot/app.ts');
  const folder = await mkdtemp(join(tmpdir(), 'freshet-depot-'));
  const cloud = await startLocalCloud({ assembly });
  const useContracts = (ownerContracts: string) => writeLocalFile(folder, localFile(cloud, ownerContracts));
  useContracts('test/cli/depot/owner.ts');
  const file = localFile(cloud, 'test/cli/depot/owner.ts');
  setTestCredentials();
  const deployment = openLocalCloud({ file, projectFolder: folder });
  const client = dynamoDbClient({ endpoint: file.dynamodbUrl });
  const queues = sqsClient({ endpoint: file.url });
  const caches = { strict: await deployment.cacheNamed('strict'), lenient: await deployment.cacheNamed('lenient') };
  const cache = (name: 'strict' | 'lenient') => caches[name];
  const run = (...args: readonly string[]) => runHere(args, folder);
  const runAlone = (...args: readonly string[]) => runFreshet(args, folder);
  let sent = 0;
  return {
    cloud,
    folder,
    deployment,
    client,
    cache,
    run,
    runAlone,
    useContracts,
    owner: await deployment.ownerOf('Item'),
    async json(...args) {
      const { code, out, err } = await run(...args, '--json');
      if (out === '') throw new Error(err);
      return { code, result: JSON.parse(out) };
    },
    async send(name, id, body) {
      sent += 1;
      const MessageGroupId = messageGroupId({ type: 'Item', id });
      const QueueUrl = cache(name).deployed.queueUrl;
      const message = { QueueUrl, MessageBody: body, MessageGroupId, MessageDeduplicationId: `test-${sent}` };
      await queues.send(new SendMessageCommand(message));
    },
    async park(name, id, body) {
      sent += 1;
      const groupId = messageGroupId({ type: 'Item', id });
      const sequenceNumber = String(sent).padStart(20, '0');
      const { table, parkingTable } = cache(name).deployed;
      const message = {
        messageId: `m${sent}`,
        groupId,
        sequenceNumber,
        body,
        receiveCount: 1,
        sentAtMs: Date.now(),
        firstReceivedAtMs: Date.now(),
      };
      const why = { status: 'parked', reason: 'retries-exhausted', explanation: 'for a test' } as const;
      await createParking({ client, parkingTable, cacheTable: table }).park({
        ...why,
        message,
        entity: undefined,
        version: undefined,
        parkedAtMs: Date.now(),
      });
      return `${groupId}/${sequenceNumber}`;
    },
    async stop() {
      for (const each of [client, queues]) each.destroy();
      deployment.close();
      await cloud.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The file that `freshet up` writes, with contracts that are found from any folder. */
function localFile(cloud: LocalCloud, ownerContracts: string) {
  const file = localFileOf(cloud);
  const deployed = file.deployed.flatMap((value) => {
    const one = readDeployed(value);
    if (one === undefined) return [];
    return JSON.stringify({ ...one, contracts: resolve(root, one.role === 'owner' ? ownerContracts : one.contracts) });
  });
  return { ...file, deployed };
}

/** A command that must be refused: what is wrong with it, its arguments, and the parts of the message. */
export type Refusal = readonly [string, readonly string[], readonly string[]];

/** Runs a command, and expects exit code 2, the message on standard error, and no output. */
export async function expectRefusal({ run }: Depot, [, args, expected]: Refusal): Promise<void> {
  const { code, out, err } = await run(...args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  for (const part of expected) expect(err).toContain(part);
  expect(err).not.toMatch(/^\s+at /m);
}
