import { App, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { FactTopic } from '../../../lib/fact-topic.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { Saga } from '../../../lib/saga.ts';
import { ServiceFunction } from '../../../lib/service-function.ts';
import { catalogue } from '../../adopt/contracts.ts';
import billing from '../../sagas/billing.ts';
import sales from '../../sagas/sales.ts';
import shipping from '../../sagas/shipping.ts';
import { existingTable } from '../../support/existing-table.ts';
import lenient from '../depot/lenient.ts';
import depot from '../depot/owner.ts';

/** The depot with one cache, a saga, an owner that adopts a table, and functions whose roles are those of operators. */
const app = new App();
const owners = new Stack(app, 'Depot');
const owner = new EntityOwner(owners, 'Owner', { boundary: depot });
const cache = new LocalCache(new Stack(app, 'lenient'), 'Cache', { boundary: lenient, sources: [owner] });

const facts = new Stack(app, 'Facts');
const sources = [sales, billing].map((boundary) => new FactTopic(facts, boundary.name, { boundary, archiveDays: 30 }));
const saga = new Saga(facts, 'Shipping', { saga: shipping, sources });

const adopted = new Stack(app, 'Adopted');
const table = existingTable(adopted, 'Existing');
const adopter = new EntityOwner(adopted, 'Owner', { boundary: catalogue, adopts: { table } });

const operators = new Stack(app, 'Operators');
const file = new URL('operator.ts', import.meta.url);
const all = new ServiceFunction(operators, 'OfAll', { file });
for (const each of [owner, cache, ...sources, saga, adopter]) each.grantOperate(all);
const ofTheCache = new ServiceFunction(operators, 'OfTheCache', { file });
cache.grantOperate(ofTheCache);
// Finds the owners, and may do nothing there.
ofTheCache.addToRolePolicy(
  new PolicyStatement({
    actions: ['cloudformation:DescribeStacks', 'cloudformation:ListStackResources'],
    resources: [owners, adopted].map(({ stackName }) =>
      owners.formatArn({ service: 'cloudformation', resource: 'stack', resourceName: `${stackName}/*` }),
    ),
  }),
);
new ServiceFunction(operators, 'OfNothing', { file });
app.synth();
