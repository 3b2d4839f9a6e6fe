import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Boundary } from '../../core/contract.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import catalogue from './boundaries/catalogue.ts';
import discarding from './boundaries/discarding.ts';
import parking from './boundaries/parking.ts';
import stopping from './boundaries/stopping.ts';

const removalPolicy = RemovalPolicy.DESTROY;
const app = new App({ ...(process.env.CDK_OUTDIR !== undefined && { outdir: process.env.CDK_OUTDIR }) });
/** For what uses the pipeline: the tests act as its functions. */
const user = (scope: Construct, id: string) =>
  new Role(scope, id, { roleName: id, assumedBy: new ServicePrincipal('lambda.amazonaws.com') });

const catalogueStack = new Stack(app, 'Catalogue');
const owner = new EntityOwner(catalogueStack, 'Owner', { boundary: catalogue, removalPolicy });
owner.grantWrite(user(catalogueStack, 'writer'));
const caches: readonly (readonly [stack: string, Boundary])[] = [
  ['Parking', parking],
  ['Stopping', stopping],
  ['Discarding', discarding],
];
for (const [stack, boundary] of caches) {
  const scope = new Stack(app, stack);
  const cache = new LocalCache(scope, 'Cache', { boundary, sources: [owner], removalPolicy });
  cache.grantRead(user(scope, `reader-of-${boundary.name}`));
}
app.synth();
