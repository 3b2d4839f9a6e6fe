import { App } from 'aws-cdk-lib';
import { BasketStack } from './basket/stack.ts';
import { CatalogueStack } from './catalogue/stack.ts';
import { ExistingStack } from './catalogue/table.ts';

const app = new App({ outdir: process.env.CDK_OUTDIR ?? 'cdk.out' });

/** At first there is only what the team has had for years: a table, and the code that writes it. */
const isAdopted = app.node.tryGetContext('adopted') === true;

const { table } = new ExistingStack(app, 'Existing', { isStreamed: isAdopted });
if (isAdopted) {
  const { owner } = new CatalogueStack(app, 'Catalogue', { table });
  new BasketStack(app, 'Basket', { catalogue: owner });
}
app.synth();
