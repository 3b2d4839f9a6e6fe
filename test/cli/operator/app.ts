import { App, Stack } from 'aws-cdk-lib';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { ServiceFunction } from '../../../lib/service-function.ts';
import lenient from '../depot/lenient.ts';
import depot from '../depot/owner.ts';

/** The depot with one cache, and functions whose roles are those of operators. */
const app = new App();
const owners = new Stack(app, 'Depot');
const owner = new EntityOwner(owners, 'Owner', { boundary: depot });
const cache = new LocalCache(new Stack(app, 'lenient'), 'Cache', { boundary: lenient, sources: [owner] });

const operators = new Stack(app, 'Operators');
const file = new URL('operator.ts', import.meta.url);
const both = new ServiceFunction(operators, 'OfBoth', { file });
owner.grantOperate(both);
cache.grantOperate(both);
cache.grantOperate(new ServiceFunction(operators, 'OfTheCache', { file }));
new ServiceFunction(operators, 'OfNothing', { file });
app.synth();
