import {
  GetEventSourceMappingCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { cacheIn, cloudClient, ownerIn } from '../../../local/deployed.ts';
import lenient from '../../cli/depot/lenient.ts';
import depot from '../../cli/depot/owner.ts';
import { assemblyOf } from '../../support/assembly.ts';

let cloud: LocalCloud;
let client: LambdaClient;

beforeAll(async () => {
  cloud = await startLocalCloud({ assembly: await assemblyOf('test/cli/depot/app.ts') });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new LambdaClient({ endpoint: cloud.endpoints.sqs, region: cloud.region, credentials, maxAttempts: 1 });
}, 120_000);
afterAll(async () => {
  client?.destroy();
  await cloud?.stop();
});

const refusalOf = (request: Promise<unknown>) =>
  request.then(
    () => 'was not refused',
    (error: unknown) => error,
  );

const put = async (id: string) => {
  const tables = cloudClient(cloud);
  await createOwner({ boundary: depot, client: tables, tableName: ownerIn(cloud, depot).table }).put('Item', id, {
    name: id,
  });
  tables.destroy();
};

const mappingOf = async (functionName: string) => {
  const { EventSourceMappings = [] } = await client.send(
    new ListEventSourceMappingsCommand({ FunctionName: functionName }),
  );
  return EventSourceMappings[0];
};

const enable = async (functionName: string, Enabled: boolean) => {
  const { UUID } = (await mappingOf(functionName)) ?? {};
  return client.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
};

const queue = () => cloud.messaging.queues.require(cacheIn(cloud, lenient).queueUrl);

describe('event source mappings', () => {
  test('ListEventSourceMappings finds a mapping by its function or its source', async () => {
    const { projector } = cacheIn(cloud, lenient);
    const found = await mappingOf(projector);
    expect(found).toMatchObject({ EventSourceArn: queue().arn, State: 'Enabled' });
    const { EventSourceMappings } = await client.send(
      new ListEventSourceMappingsCommand({ EventSourceArn: queue().arn }),
    );
    expect(EventSourceMappings?.map(({ FunctionArn }) => FunctionArn?.split(':').at(-1))).toEqual([projector]);
  });

  test('GetEventSourceMapping returns a mapping by its id, and an error for an unknown id', async () => {
    const { UUID } = (await mappingOf(cacheIn(cloud, lenient).projector)) ?? {};
    const found = await client.send(new GetEventSourceMappingCommand({ UUID }));
    expect(found).toMatchObject({ UUID, EventSourceArn: queue().arn, State: 'Enabled' });
    await expect(client.send(new GetEventSourceMappingCommand({ UUID: 'none' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('messages stay in the queue while its mapping is disabled, and are processed once it is enabled', async () => {
    const { projector } = cacheIn(cloud, lenient);
    expect(await enable(projector, false)).toMatchObject({ State: 'Disabled' });
    await put('disabled-queue');
    await cloud.idle();
    expect(queue().counts().visible).toBeGreaterThan(0);
    expect(await enable(projector, true)).toMatchObject({ State: 'Enabled' });
    await cloud.idle();
    expect(queue().counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test('a stream mapping that was disabled continues after the last record that it had processed', async () => {
    const { relay } = ownerIn(cloud, depot);
    await put('before');
    await cloud.idle();
    await enable(relay, false);
    await put('while-disabled');
    const batches = cloud.functions.functions().find(({ name }) => name === relay)?.invocations ?? 0;
    await enable(relay, true);
    await cloud.idle();
    expect(cloud.functions.functions().find(({ name }) => name === relay)?.invocations).toBe(batches + 1);
  });

  test('UpdateEventSourceMapping refuses an unknown mapping and fields that are not emulated', async () => {
    const unknown = client.send(new UpdateEventSourceMappingCommand({ UUID: 'none', Enabled: false }));
    expect(await refusalOf(unknown)).toMatchObject({ name: 'ResourceNotFoundException' });
    const { UUID } = (await mappingOf(cacheIn(cloud, lenient).projector)) ?? {};
    const other = client.send(new UpdateEventSourceMappingCommand({ UUID, FunctionName: 'another' }));
    expect(await refusalOf(other)).toMatchObject({ name: 'InvalidParameterValueException' });
  });
});

describe('the configuration of a function', () => {
  test('UpdateFunctionConfiguration changes the handler of the next invocation, and the former value mends it', async () => {
    const FunctionName = cacheIn(cloud, lenient).report;
    const before = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
    expect(before).toMatchObject({ FunctionName, Timeout: expect.any(Number) });
    expect(before.Environment?.Variables).toHaveProperty('INTERVAL_SECONDS');
    expect(await cloud.functions.invoke(FunctionName, {})).toMatchObject({ ok: true });
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Handler: 'index.missing' }));
    expect(await cloud.functions.invoke(FunctionName, {})).toMatchObject({ ok: false, error: 'Unhandled' });
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Handler: before.Handler }));
    expect(await cloud.functions.invoke(FunctionName, {})).toMatchObject({ ok: true });
  });

  test('UpdateFunctionConfiguration refuses a value out of range and a field that is not emulated', async () => {
    const FunctionName = cacheIn(cloud, lenient).report;
    for (const given of [{ Timeout: 901 }, { Description: 'x' }]) {
      const refused = await refusalOf(client.send(new UpdateFunctionConfigurationCommand({ FunctionName, ...given })));
      expect(refused).toMatchObject({ name: 'InvalidParameterValueException' });
    }
  });
});
