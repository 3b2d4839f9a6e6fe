import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Boundary } from '../../core/contract.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import catalogue from './boundaries/catalogue.ts';
import discarding from './boundaries/discarding.ts';
import parking from './boundaries/parking.ts';
import stopping from './boundaries/stopping.ts';

const removalPolicy = RemovalPolicy.DESTROY;
const app = new App({ ...(process.env.CDK_OUTDIR !== undefined && { outdir: process.env.CDK_OUTDIR }) });
const owner = new EntityOwner(new Stack(app, 'Catalogue'), 'Owner', { boundary: catalogue, removalPolicy });
const caches: readonly (readonly [stack: string, Boundary])[] = [
  ['Parking', parking],
  ['Stopping', stopping],
  ['Discarding', discarding],
];
for (const [stack, boundary] of caches) {
  new LocalCache(new Stack(app, stack), 'Cache', { boundary, sources: [owner], removalPolicy });
}
app.synth();
