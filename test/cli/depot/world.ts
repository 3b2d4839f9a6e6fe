import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, inject, vi } from 'vitest';
import { dynamoDbClient, sqsClient } from '../../../adapters/aws/clients.ts';
import { readDeployed } from '../../../adapters/aws/stack-output.ts';
import { createParking } from '../../../adapters/project/parking-table.ts';
import { writeLocalFile } from '../../../cli/local-file.ts';
import {
  type CacheSession,
  cacheNamed,
  connectTo,
  type OwnerSession,
  ownerOf,
  type Session,
} from '../../../cli/session.ts';
import { messageGroupId } from '../../../core/entity.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { outgoingMessage } from '../../../core/relay/message.ts';
import { canonicalState, type State } from '../../../core/state.ts';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { type Ended, root, runFreshet, startWarmCommandLine } from '../../support/command-line.ts';
import { synthesiseOnce } from '../../support/synthesise.ts';
import depot from './owner.ts';

/** An owner with two caches in a local cloud, and a folder in which the command line finds it. */
export interface Depot {
  readonly cloud: LocalCloud;
  readonly folder: string;
  readonly session: Session;
  readonly owner: OwnerSession;
  readonly client: DynamoDBClient;
  cache(name: 'strict' | 'lenient'): CacheSession;
  /** Runs a command in a process that ran others before. */
  run(...args: readonly string[]): Promise<Ended>;
  /** Runs a command in a process of its own, as a person does. */
  runAlone(...args: readonly string[]): Promise<Ended>;
  /** Like `run`, with a command's JSON. */
  json<T>(...args: readonly string[]): Promise<{ code: number; result: T }>;
  /** Puts a message of the entity's group into a cache's queue, past owner and topic. */
  send(cache: 'strict' | 'lenient', id: string, body: string): Promise<void>;
  /** Parks a body as if a projector had; returns its key. */
  park(cache: 'strict' | 'lenient', id: string, body: string): Promise<string>;
  /** Has the command line load other contracts of the owner. */
  useContracts(file: string): void;
  stop(): Promise<void>;
}

/** An entity of the owner as the tests make one up. */
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
  const waitUntil = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 120_000, interval: 50 });
  const assembly = await synthesiseOnce('test/cli/depot/app.ts', inject('furtherAssemblies'), waitUntil);
  const folder = await mkdtemp(join(tmpdir(), 'freshet-depot-'));
  const cloud = await startLocalCloud({ assembly });
  const useContracts = (ownerContracts: string) => writeLocalFile(folder, localFile(cloud, ownerContracts));
  useContracts('test/cli/depot/owner.ts');
  const file = localFile(cloud, 'test/cli/depot/owner.ts');
  const session = await connectTo({ file, projectFolder: folder });
  const client = dynamoDbClient({ endpoint: file.dynamodbUrl });
  const queues = sqsClient({ endpoint: file.url });
  const cache = (name: string) => cacheNamed(session, name);
  const commandLine = startWarmCommandLine(folder);
  const run = (...args: readonly string[]) => commandLine.run(args);
  const runAlone = (...args: readonly string[]) => runFreshet(args, folder);
  let sent = 0;
  return {
    ...{ cloud, folder, session, client, cache, run, runAlone, useContracts },
    owner: ownerOf(session, 'Item'),
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
      const message = { messageId: `m${sent}`, groupId, sequenceNumber, body, receiveCount: 1, sentAtMs: Date.now() };
      const why = { status: 'parked', reason: 'retries-exhausted', explanation: 'for a test' } as const;
      await createParking({ client, parkingTable, cacheTable: table }).park({
        ...{ ...why, message, entity: undefined, version: undefined, setAsideAtMs: Date.now() },
      });
      return `${groupId}/${sequenceNumber}`;
    },
    async stop() {
      for (const each of [client, queues]) each.destroy();
      session.close();
      commandLine.stop();
      await cloud.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What `freshet up` leaves for other terminals, with contracts that are found from any folder. */
function localFile({ endpoints, outputs }: LocalCloud, ownerContracts: string) {
  const all = Object.values(outputs).flatMap((stack) => Object.values(stack));
  const deployed = all.flatMap((value) => {
    const one = readDeployed(value);
    if (one === undefined) return [];
    return JSON.stringify({ ...one, contracts: resolve(root, one.role === 'owner' ? ownerContracts : one.contracts) });
  });
  const startedAt = new Date().toISOString();
  return { pid: process.pid, startedAt, url: endpoints.sqs, dynamodbUrl: endpoints.dynamodb, deployed };
}

/** A command that must be refused: what it is, its arguments, and what the message must hold. */
export type Refusal = readonly [string, readonly string[], readonly string[]];

/** Runs a command and expects its refusal, with exit code 2 and nothing on standard output. */
export async function expectRefusal({ run }: Depot, [, args, expected]: Refusal): Promise<void> {
  const { code, out, err } = await run(...args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  for (const part of expected) expect(err).toContain(part);
  expect(err).not.toMatch(/^\s+at /m);
}
