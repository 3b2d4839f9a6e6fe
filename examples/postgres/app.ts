import { App } from 'aws-cdk-lib';
import { StockStack } from './stock/stack.ts';
import { WebshopStack } from './webshop/stack.ts';

const app = new App({ outdir: process.env.CDK_OUTDIR ?? 'cdk.out' });
const { owner } = new StockStack(app, 'Stock');
new WebshopStack(app, 'Webshop', { source: owner });
app.synth();
