import { deepStrictEqual } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoDbClient } from '../../adapters/aws/clients.ts';
import type { Item } from '../../adapters/aws/items.ts';
import { createEngineClient, type EngineClient } from '../../local/engine/client.ts';
import { startEngine } from '../../local/engine/start-engine.ts';
import { type DelayProxy, startDelayProxy } from './delay-proxy.ts';

/** Sets fixed credentials, so that the SDK doesn't search for a profile or a role. */
export function setBenchCredentials(): void {
  process.env.AWS_REGION = 'us-east-1';
  process.env.AWS_ACCESS_KEY_ID = 'bench';
  process.env.AWS_SECRET_ACCESS_KEY = 'bench';
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
}

/** A DynamoDB engine on this machine, behind a proxy if latency is added. */
export interface BenchTables {
  /** The endpoint for SDK clients. */
  readonly url: string;
  /** The client that the project's Lambda functions use. */
  readonly client: DynamoDBClient;
  /** A client without the proxy and the SDK. */
  readonly raw: EngineClient;
  /** Creates an empty table with the keys and indexes of the stack's table. Replaces a table of the same name. */
  create(stack: string, name: string): Promise<void>;
  /** All items, sorted by key. */
  contents(name: string): Promise<Item[]>;
  stop(): Promise<void>;
}

/** Starts the engine. @param latencyMs added to each call */
export async function startTables(assembly: string, latencyMs: number): Promise<BenchTables> {
  setBenchCredentials();
  const engine = await startEngine();
  let proxy: DelayProxy | undefined;
  if (latencyMs > 0) proxy = await startDelayProxy(engine.url, latencyMs);
  const url = proxy?.url ?? engine.url;
  const client = dynamoDbClient({ endpoint: url });
  const raw = createEngineClient(engine.url);
  return {
    url,
    client,
    raw,
    async create(stack, name) {
      const { TableNames } = await raw.call<{ TableNames: string[] }>('DynamoDB_20120810.ListTables', {});
      if (TableNames.includes(name)) await raw.call('DynamoDB_20120810.DeleteTable', { TableName: name });
      await raw.call('DynamoDB_20120810.CreateTable', { ...tableProperties(assembly, stack), TableName: name });
    },
    async contents(name) {
      const items: Item[] = [];
      let start: object | undefined;
      do {
        const page: { Items: Item[]; LastEvaluatedKey?: object } = await raw.call('DynamoDB_20120810.Scan', {
          TableName: name,
          ...(start && { ExclusiveStartKey: start }),
        });
        items.push(...page.Items);
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
      const key = (item: Item) => `${item.pk?.S} ${item.id?.S}`;
      return items.sort((a, b) => (key(a) < key(b) ? -1 : 1));
    },
    async stop() {
      client.destroy();
      raw.close();
      await proxy?.stop();
      await engine.stop();
    },
  };
}

/** Throws unless the tables hold the same items, which shows that the sides that filled them did the same work. */
export async function assertSameContents(
  tables: Pick<BenchTables, 'contents'>,
  names: readonly string[],
): Promise<void> {
  const [first, ...others] = await Promise.all(names.map((name) => tables.contents(name)));
  for (const [index, other] of others.entries()) {
    deepStrictEqual(other, first, `the table ${names[index + 1]} differs from the table ${names[0]}`);
  }
}

interface Template {
  readonly Resources: Readonly<Record<string, { Type: string; Properties?: Readonly<Record<string, unknown>> }>>;
}

/** A stack's template in the assembly. */
export function template(assembly: string, stack: string): Template {
  return JSON.parse(readFileSync(join(assembly, `${stack}.template.json`), 'utf8')) as Template;
}

/** The names of the assembly's stacks. */
export function stacks(assembly: string): string[] {
  return readdirSync(assembly).flatMap((file) => /^(.+)\.template\.json$/.exec(file)?.[1] ?? []);
}

function tableProperties(assembly: string, stack: string): object {
  const { Resources } = template(assembly, stack);
  const table = Object.values(Resources).find(({ Type }) => Type === 'AWS::DynamoDB::Table');
  if (table === undefined) throw new Error(`the stack ${stack} declares no table`);
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode } = table.Properties ?? {};
  return { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode };
}

/** A function that the assembly declares. */
export interface Bundle {
  readonly stack: string;
  readonly logicalId: string;
  /** The folder of the code. */
  readonly folder: string;
  /** Its environment variables. One whose value isn't a text in the template, such as a table's name, is `1`. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The functions with bundled code in the assembly. */
export function bundles(assembly: string): Bundle[] {
  return stacks(assembly).flatMap((stack) =>
    Object.entries(template(assembly, stack).Resources).flatMap(([logicalId, { Type, Properties }]) => {
      const code = (Properties?.Code as { S3Key?: unknown } | undefined)?.S3Key;
      if (Type !== 'AWS::Lambda::Function' || typeof code !== 'string') return [];
      const environment = Properties?.Environment as { Variables?: object } | undefined;
      const variables = Object.fromEntries(
        Object.entries(environment?.Variables ?? {}).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : '1',
        ]),
      );
      return [{ stack, logicalId, folder: join(assembly, `asset.${code.replace('.zip', '')}`), variables }];
    }),
  );
}
