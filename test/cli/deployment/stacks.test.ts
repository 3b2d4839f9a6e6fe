import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findDeployment } from '../../../cli/deployment/find.ts';
import { type CloudFormation, startCloudFormation } from '../../support/cloud-formation.ts';
import { commandIo } from '../../support/command-io.ts';

const queue = (name: string) => `https://sqs.eu-central-1.amazonaws.com/123456789012/${name}`;

const owner = {
  role: 'owner',
  boundary: 'geography',
  stack: 'Geography',
  table: 'Owner',
  topicArn: 'arn:aws:sns:eu-central-1:1:t.fifo',
  relay: 'relay',
  governor: 'governor',
  flowTable: 'Flow',
  failureQueueUrl: queue('f'),
  parkingTable: 'P',
  contracts: 'examples/shop/geography/contracts.ts',
};

const cache = {
  role: 'cache',
  boundary: 'ordering',
  stack: 'Ordering',
  table: 'Cache',
  queueUrl: queue('q.fifo'),
  gapQueueUrl: queue('g'),
  deadLetterQueueUrl: queue('d.fifo'),
  subscriptionDeadLetterQueueUrl: queue('s.fifo'),
  parkingTable: 'P',
  projector: 'projector',
  repair: 'repair',
  report: 'report',
  contracts: 'examples/shop/ordering/contracts.ts',
};

const factQueue = {
  role: 'fact-queue',
  name: 'charge',
  queueUrl: queue('c.fifo'),
  deadLetterQueueUrl: queue('cd.fifo'),
  subscriptionDeadLetterQueueUrl: queue('cs.fifo'),
  parkingTable: 'P',
};

const saga = { role: 'saga', name: 'shipping', table: 'Saga', decider: 'decider' };

let formation: CloudFormation;

beforeEach(async () => {
  formation = await startCloudFormation({
    Geography: ['something else', JSON.stringify(owner), '{"role":"cache"}'],
    Ordering: [JSON.stringify(cache)],
    Elsewhere: [JSON.stringify({ ...cache, contracts: '../../tmp/contracts.ts' })],
    Charging: [JSON.stringify(factQueue), JSON.stringify(saga)],
    Website: ['https://example.com'],
    TestGeography: [JSON.stringify({ ...owner, stack: 'TestGeography' })],
  });
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', formation.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('AWS_REGION', 'us-east-1');
});

afterEach(() => {
  formation.close();
  vi.unstubAllEnvs();
});

/** The deployment of stacks, found by a command. The modules that are imported are noted. */
async function deploymentOf(stack: readonly string[], region?: string) {
  const io = commandIo();
  const imported: string[] = [];
  const importModule = (url: string) => {
    imported.push(url);
    return io.importModule(url);
  };
  const deployment = await findDeployment({ ...io, importModule }, { stack, ...(region !== undefined && { region }) });
  return { deployment, imported, err: io.err() };
}

describe('a deployment of stacks on AWS', () => {
  test('a deployment has the owners and caches that the outputs of its stacks describe', async () => {
    const { deployment } = await deploymentOf(['Geography', 'Ordering', 'Ordering'], 'eu-central-1');
    deployment.close();
    expect(deployment).toMatchObject({
      place: 'AWS account 123456789012, eu-central-1',
      isLocal: false,
      owners: [{ name: 'geography', deployed: { flowTable: 'Flow' } }],
      caches: [{ name: 'ordering', deployed: { queueUrl: queue('q.fifo') } }],
    });
    expect(deployment.owners.length + deployment.caches.length).toBe(2);
  });

  test('a deployment names the functions of its stacks, and nothing else of them', async () => {
    const { deployment } = await deploymentOf(['Ordering', 'Geography', 'Ordering']);
    expect(await deployment.functionNames()).toEqual(['Geography-function', 'Ordering-function']);
  });

  test('a deployment has the queues of facts and the sagas that the outputs of its stacks describe', async () => {
    const { deployment } = await deploymentOf(['Charging']);
    deployment.close();
    expect(deployment).toMatchObject({
      owners: [],
      factQueues: [{ name: 'charge', deployed: { parkingTable: 'P' } }],
      sagas: [{ name: 'shipping', table: 'Saga' }],
    });
  });

  test('an owner that two stacks have is refused by its name and by its types, with the stacks', async () => {
    const { deployment } = await deploymentOf(['TestGeography', 'Geography']);
    const stacks = 'stack TestGeography, stack Geography. Pass the stack of only one of them with --stack.';
    await expect(deployment.ownerNamed('geography')).rejects.toThrow(`2 owners are named "geography": ${stacks}`);
    await expect(deployment.ownerOf('Currency')).rejects.toThrow(`2 owners own "Currency": ${stacks}`);
    deployment.close();
  });

  test('the contracts are loaded from the folder of the app, and only when a command needs them', async () => {
    const { deployment, imported } = await deploymentOf(['Geography', 'Ordering']);
    expect(imported).toEqual([]);
    expect(await deployment.caches[0]?.types()).toEqual(['Country', 'Currency']);
    expect(await deployment.ownerOf('Currency')).toMatchObject({ name: 'geography', boundary: { name: 'geography' } });
    expect(await deployment.cacheNamed('ordering')).toMatchObject({ boundary: { name: 'ordering' } });
    expect(imported.map((url) => url.slice(url.indexOf('examples/')))).toEqual([cache.contracts, owner.contracts]);
    deployment.close();
  });

  test('contracts outside of the folder of the app are never loaded', async () => {
    const { deployment, imported } = await deploymentOf(['Elsewhere']);
    deployment.close();
    expect(await deployment.caches[0]?.types()).toBeUndefined();
    await expect(deployment.cacheNamed('ordering')).rejects.toThrow(
      /^the contracts of ordering \(.*\/tmp\/contracts\.ts\) aren't in .* in the folder of the CDK app\.$/,
    );
    expect(imported).toEqual([]);
  });

  test.each<[string, string, readonly string[]]>([
    ['that does not exist', 'Nowhere', ['--stack: there is no stack Nowhere in us-east-1', '--region']],
    ['without anything of Freshet', 'Website', ['no output of Website in us-east-1 describes an owner', 'EntityOwner']],
  ])('a stack %s is refused', async (_, name, expected) => {
    const refused = deploymentOf(['Geography', name]);
    for (const part of expected) await expect(refused).rejects.toThrow(part);
    await expect(refused).rejects.toMatchObject({ name: 'UsageError' });
  });

  test('a stack that is still being created is refused with its status', async () => {
    formation.close();
    formation = await startCloudFormation({ Geography: [] }, undefined, 'CREATE_IN_PROGRESS');
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', formation.url);
    await expect(deploymentOf(['Geography'])).rejects.toThrow(
      /The status of the stack is CREATE_IN_PROGRESS\. Wait until it is deployed/,
    );
  });

  test('an output of another release is named on standard error, and the others are read', async () => {
    const { deployment, err } = await deploymentOf(['Geography']);
    deployment.close();
    expect(deployment.owners.length).toBe(1);
    expect(err).toMatch(/^Geography: the output of cache can't be read, so the command leaves it out\. .*\n$/);
  });

  test('a stack that may not be read is refused with what to check', async () => {
    formation.close();
    formation = await startCloudFormation({}, () => ({ code: 'AccessDenied', message: 'no' }));
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', formation.url);
    await expect(deploymentOf(['Geography'])).rejects.toThrow(
      /^AWS, us-east-1: CloudFormation DescribeStacks of Geography failed\. AccessDenied: no\. Check that these are/,
    );
  });

  test('a stack is refused without credentials or without a region', async () => {
    vi.stubEnv('HOME', '/nonexistent');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    await expect(deploymentOf(['Geography'])).rejects.toThrow(/^--stack: no AWS credentials: .* AWS_PROFILE/);
    vi.stubEnv('AWS_REGION', undefined);
    await expect(deploymentOf(['Geography'])).rejects.toThrow(/^--stack: no AWS region is set\. Pass --region/);
  });
});
