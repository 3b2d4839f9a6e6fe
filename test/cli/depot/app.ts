import { App, Stack } from 'aws-cdk-lib';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import lenient from './lenient.ts';
import depot from './owner.ts';
import strict from './strict.ts';

const app = new App();
const owner = new EntityOwner(new Stack(app, 'Depot'), 'Owner', { boundary: depot });
for (const boundary of [lenient, strict]) {
  new LocalCache(new Stack(app, boundary.name), 'Cache', { boundary, sources: [owner] });
}
app.synth();
