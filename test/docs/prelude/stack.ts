import { Annotations, App, Stack } from 'aws-cdk-lib';
import { EntityOwner, LocalCache, PipelineMonitoring } from 'freshet-aws/cdk';
import geography from './geography.ts';
import ordering from './ordering.ts';

const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
const stack = new Stack(app, 'Page');
const owner = new EntityOwner(new Stack(app, 'Geography'), 'Owner', { boundary: geography });
const cache = new LocalCache(new Stack(app, 'Ordering'), 'Cache', { boundary: ordering, sources: [owner] });
