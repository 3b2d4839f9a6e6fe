import { App, Duration, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { CfnQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Boundary } from '../../core/contract/contract.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { ImportedSource } from '../../lib/imported-source.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import catalogue from './boundaries/catalogue.ts';
import discarding from './boundaries/discarding.ts';
import parking from './boundaries/parking.ts';
import stopping from './boundaries/stopping.ts';

const stage = 'development';
const app = new App({ ...(process.env.CDK_OUTDIR !== undefined && { outdir: process.env.CDK_OUTDIR }) });
/** Stands for a consuming service. The tests act as its functions. */
const user = (scope: Construct, id: string) =>
  new Role(scope, id, { roleName: id, assumedBy: new ServicePrincipal('lambda.amazonaws.com') });

const catalogueStack = new Stack(app, 'Catalogue');
const owner = new EntityOwner(catalogueStack, 'Owner', { boundary: catalogue, stage });
owner.grantWrite(user(catalogueStack, 'writer'));
/** The owner, imported by ARNs as from another app. The ARNs are the ones of the local cloud. */
function ofAnotherApp(scope: Stack): ImportedSource {
  scope.addStackDependency(catalogueStack);
  const arn = (service: string, name: string) => `arn:aws:${service}:us-east-1:000000000000:${name}`;
  const named = ({ node }: Queue) => `Catalogue-${catalogueStack.resolve((node.defaultChild as CfnQueue).logicalId)}`;
  return new ImportedSource(scope, 'Source', {
    boundary: catalogue,
    topicArn: arn('sns', 'Catalogue-catalogue-Changes.fifo'),
    resyncQueueArn: arn('sqs', named(owner.resyncQueue)),
    reportQueueArn: arn('sqs', named(owner.reportQueue)),
  });
}

const caches: readonly (readonly [stack: string, Boundary])[] = [
  ['Parking', parking],
  ['Stopping', stopping],
  ['Discarding', discarding],
];
for (const [stack, boundary] of caches) {
  const scope = new Stack(app, stack);
  const source = stack === 'Discarding' ? ofAnotherApp(scope) : owner;
  // Poison is parked at once in these tests, of whatever sort it is.
  const newerSchemaWait = Duration.seconds(0);
  const cache = new LocalCache(scope, 'Cache', { boundary, sources: [source], stage, newerSchemaWait });
  cache.grantRead(user(scope, `reader-of-${boundary.name}`));
}
app.synth();
