import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openPlace } from '../../cli/place.ts';
import { type CloudFormation, startCloudFormation } from '../support/cloud-formation.ts';

const queue = (name: string) => `https://sqs.eu-central-1.amazonaws.com/123456789012/${name}`;

const owner = {
  ...{ role: 'owner', boundary: 'geography', table: 'Owner', topicArn: 'arn:aws:sns:eu-central-1:1:t.fifo' },
  ...{ relay: 'relay', governor: 'governor', flowTable: 'Flow', failureQueueUrl: queue('f'), parkingTable: 'P' },
  contracts: 'examples/shop/geography/contracts.ts',
};

const cache = {
  ...{ role: 'cache', boundary: 'ordering', table: 'Cache', queueUrl: queue('q.fifo'), gapQueueUrl: queue('g') },
  ...{ deadLetterQueueUrl: queue('d.fifo'), subscriptionDeadLetterQueueUrl: queue('s.fifo'), parkingTable: 'P' },
  ...{ projector: 'projector', repair: 'repair', report: 'report' },
  contracts: 'examples/shop/ordering/contracts.ts',
};

let formation: CloudFormation;

beforeEach(async () => {
  formation = await startCloudFormation({
    Geography: ['something else', JSON.stringify(owner), '{"role":"cache"}'],
    Ordering: [JSON.stringify(cache)],
    Elsewhere: [JSON.stringify({ ...cache, contracts: '../../tmp/contracts.ts' })],
    Website: ['https://example.com'],
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

describe('stacks on AWS', () => {
  test('are looked at by those of their outputs that describe an owner or a cache', async () => {
    const watched = await openPlace({ stack: ['Geography', 'Ordering', 'Ordering'], region: 'eu-central-1' });
    watched.close();
    expect(watched).toMatchObject({
      ...{ place: 'AWS, eu-central-1', isLocal: false },
      owners: [{ name: 'geography', deployed: { flowTable: 'Flow' } }],
      caches: [{ name: 'ordering', deployed: { queueUrl: queue('q.fifo') }, types: ['Country', 'Currency'] }],
    });
    expect(watched.owners.length + watched.caches.length).toBe(2);
  });

  test('have no say in what is run here: contracts out of the folder are not loaded', async () => {
    const watched = await openPlace({ stack: ['Elsewhere'] });
    watched.close();
    expect(watched.caches).toMatchObject([{ name: 'ordering', types: undefined }]);
  });

  test.each<[string, string, readonly string[]]>([
    ['that is not there', 'Nowhere', ['--stack: there is no stack Nowhere in us-east-1', '--region']],
    ['without an owner or a cache', 'Website', ['Website in us-east-1 has no owner and no cache', 'EntityOwner']],
  ])('one %s is refused', async (_, name, expected) => {
    const refused = openPlace({ stack: ['Geography', name] });
    for (const part of expected) await expect(refused).rejects.toThrow(part);
    await expect(refused).rejects.toMatchObject({ name: 'UsageError' });
  });

  test('that may not be read are refused with what to check', async () => {
    formation.close();
    formation = await startCloudFormation({}, 'AccessDenied');
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', formation.url);
    await expect(openPlace({ stack: ['Geography'] })).rejects.toThrow(
      /^AWS, us-east-1, doesn't answer\. AccessDenied: no\. Check the credentials, their rights/,
    );
  });

  test('need credentials and a region', async () => {
    vi.stubEnv('HOME', '/nonexistent');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    await expect(openPlace({ stack: ['Geography'] })).rejects.toThrow(/^--stack: no AWS credentials: .* AWS_PROFILE/);
    vi.stubEnv('AWS_REGION', undefined);
    await expect(openPlace({ stack: ['Geography'] })).rejects.toThrow(/^--stack: no region is known\. Give --region/);
  });
});
