import { App, Stack } from 'aws-cdk-lib';
import { EntityOwner, LocalCache } from 'freshet-aws/cdk';
import geography from '../consumer-app/geography.ts';
import ordering from '../consumer-app/ordering.ts';
import { addFunctions } from './functions.ts';
import { addMappings } from './mappings.ts';
import { addMessages } from './messages.ts';
import { addParameters } from './parameters.ts';
import { addPolicies } from './policies.ts';

/** An app with common resources of AWS that the local cloud doesn't emulate, beside an owner and a cache. */
const app = new App();
const owner = new EntityOwner(new Stack(app, 'Geography'), 'Owner', { boundary: geography });
new LocalCache(new Stack(app, 'Ordering'), 'Cache', { boundary: ordering, sources: [owner] });
for (const [name, addTo] of Object.entries({
  Policies: addPolicies,
  Mappings: addMappings,
  Messages: addMessages,
  Functions: addFunctions,
  Parameters: addParameters,
}))
  addTo(new Stack(app, name));
