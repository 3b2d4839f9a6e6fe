import { App, Stack } from 'aws-cdk-lib';
import { EntityOwner, LocalCache } from 'freshet-aws/cdk';
import geography from './geography.ts';
import ordering from './ordering.ts';
import warehouse from './warehouse.ts';

const app = new App();
const owner = new EntityOwner(new Stack(app, 'Geography'), 'Owner', { boundary: geography });
for (const boundary of [ordering, warehouse]) {
  new LocalCache(new Stack(app, boundary.name), 'Cache', { boundary, sources: [owner] });
}
