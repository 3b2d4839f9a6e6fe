import { CfnOutput, CfnResource, type Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { ImportedSource } from '../../../lib/imported-source.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { PipelineMonitoring } from '../../../lib/monitoring/pipeline-monitoring.ts';
import { productSchema } from '../../support/boundaries.ts';
import { lab, shelf } from '../../support/lab.ts';
import { propertiesOf, resourcesOf, stackTemplate } from '../../support/shop.ts';
import { plantable, problemsIn, resourceIn } from './planted.ts';

/** A boundary that owns some types. */
const ownerOf = (name: string, types: readonly string[]) =>
  defineBoundary('file:///owner.ts', {
    name,
    owns: Object.fromEntries(types.map((type) => [type, { schema: productSchema }])),
  });

/** A cache of all types of some owners. @param nameLength the length of the names of the owners' topics */
function cacheOf(stack: Stack, owners: readonly ReturnType<typeof ownerOf>[], nameLength = 30): LocalCache {
  const kept = owners.flatMap(({ owns }) => Object.entries(owns).map(([type, one]) => [type, keep(one)] as const));
  const boundary = defineBoundary('file:///reader.ts', { name: 'reader', caches: Object.fromEntries(kept) });
  const arn = (service: string, name: string) => `arn:aws:${service}:eu-west-1:111122223333:${name}`;
  const sources = owners.map((one) => {
    return new ImportedSource(stack, one.name, {
      boundary: one,
      topicArn: arn('sns', `${one.name.padEnd(nameLength, 'x')}.fifo`),
      resyncQueueArn: arn('sqs', `${one.name}-resync`),
      reportQueueArn: arn('sqs', `${one.name}-reports`),
    });
  });
  return new LocalCache(stack, 'Cache', { boundary, sources });
}

const owners = (count: number) => Array.from({ length: count }, (_, n) => ownerOf(`owner-${n}`, [`Type${n}`]));

describe('a cache of ten owners', () => {
  const template = stackTemplate((stack) => cacheOf(stack, owners(10)));

  test.each(['CacheQueue', 'CacheUndelivered'])('one statement lets all topics send to %s', (queue) => {
    const { Statement } = propertiesOf(template, 'AWS::SQS::QueuePolicy', queue).PolicyDocument;
    expect(Statement).toHaveLength(2);
    expect(Statement[1].Condition.ArnEquals['aws:SourceArn']).toHaveLength(10);
  });

  test('a cache of ten owners has a subscription to each owner, named after the owner', () => {
    const ids = resourcesOf(template, 'AWS::SNS::Subscription').map(([id]) => /CacheQueueFromowner(\d)/.exec(id)?.[1]);
    expect(ids.sort()).toEqual(Array.from({ length: 10 }, (_, n) => `${n}`));
  });
});

describe('quotas at synthesis', () => {
  const SQS = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html';

  const statement = (conditions: Record<string, string>) =>
    new PolicyStatement({
      principals: [new ServicePrincipal('sns.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: ['*'],
      conditions: { StringEquals: conditions },
    });

  test.each<[string, (queue: LocalCache['queue']) => void, string]>([
    [
      'eleven conditions',
      (queue) => {
        for (let n = 0; n < 9; n += 1) queue.addToResourcePolicy(statement({ [`aws:PrincipalTag/n${n}`]: 'x' }));
      },
      '11 conditions. Allowed: at most 10',
    ],
    [
      '21 statements',
      (queue) => {
        for (let n = 0; n < 19; n += 1) {
          // The CDK leaves out a statement that the policy already has.
          const resources = [`arn:aws:sqs:eu-west-1:111122223333:q${n}`];
          queue.addToResourcePolicy(
            new PolicyStatement({
              principals: [new ServicePrincipal('x.amazonaws.com')],
              actions: ['sqs:*'],
              resources,
            }),
          );
        }
      },
      '21 statements. Allowed: at most 20',
    ],
    [
      '51 principals',
      (queue) => {
        const principals = Array.from({ length: 49 }, (_, n) => new ServicePrincipal(`s${n}.amazonaws.com`));
        queue.addToResourcePolicy(new PolicyStatement({ principals, actions: ['sqs:SendMessage'], resources: ['*'] }));
      },
      '51 principals. Allowed: at most 50',
    ],
  ])("mutant: the checks report %s in a queue's policy", (_, plant, what) => {
    const one = plantable();
    plant(one.cache.queue);
    expect(problemsIn(one)).toEqual([
      `Test/Cache/Queue/Policy: ${what}. Why: SQS refuses the queue's policy, so the deployment would fail (${SQS}). ` +
        'Fix: give the queue fewer sources or accounts: divide the boundary, or the accounts between owners.',
    ]);
  });

  test("a queue's policy of more than 8,192 bytes is refused, and 25 owners with long names fit", () => {
    const build = (count: number) => stackTemplate((stack) => cacheOf(stack, owners(count), 240));
    expect(() => build(25)).not.toThrow();
    expect(() => build(30)).toThrow(/Cache\/Queue\/Policy: \d+ bytes, estimated\. Allowed: at most 8192/);
  });

  test('a cache with 75 types of an owner is refused, and 74 types fit', () => {
    const types = (count: number) => [
      ownerOf(
        'owner',
        Array.from({ length: count }, (_, n) => `Type${n}`),
      ),
    ];
    const build = (count: number) => stackTemplate((stack) => cacheOf(stack, types(count)));
    expect(() => build(74)).not.toThrow();
    expect(() => build(75)).toThrow(
      /152 combinations of values in the filter policy\. Allowed: at most 150\..* at most 74 types in a cache/,
    );
  });

  test('a filter policy of six keys is refused', () => {
    const one = plantable();
    one.subscription.addPropertyOverride('FilterPolicy', { a: ['1'], b: ['1'], c: ['1'], d: ['1'] });
    expect(problemsIn(one)).toEqual([expect.stringContaining('6 keys in the filter policy. Allowed: at most 5')]);
  });

  test.each([
    [
      '501 resources',
      500,
      (stack: Stack, id: string) => new CfnResource(stack, id, { type: 'AWS::X::Y' }),
      'resources in',
    ],
    ['201 outputs', 200, (stack: Stack, id: string) => new CfnOutput(stack, id, { value: 'x' }), 'outputs of'],
  ])('mutant: the checks report a stack of %s', (_, most, add, what) => {
    const one = plantable();
    for (let n = 0; n <= most; n += 1) add(one.stack, `Other${n}`);
    expect(problemsIn(one)[0]).toMatch(new RegExp(`^Test: \\d+ ${what} the stack\\. Allowed: at most ${most}`));
  });

  test('a dashboard with too many widgets and metrics is refused', () => {
    const build = () =>
      stackTemplate((stack) => {
        const owner = new EntityOwner(stack, 'Owner', { boundary: lab });
        const cache = new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner] });
        const { dashboard } = new PipelineMonitoring(stack, 'All', { owners: [owner], caches: [cache] });
        const metrics = Array.from({ length: 501 }, () => ['Freshet', 'Applied']);
        const text = { type: 'text' };
        const widgets = Array.from({ length: 501 }, (_, n) => (n < 5 ? { properties: { metrics } } : text));
        resourceIn(dashboard).addPropertyOverride('DashboardBody', JSON.stringify({ widgets }));
      });
    expect(build).toThrow('501 widgets. Allowed: at most 500');
    expect(build).toThrow('501 metrics in one widget. Allowed: at most 500');
    expect(build).toThrow('2505 metrics in all widgets. Allowed: at most 2500');
  });
});
