import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { shopApp } from '../examples/shop/app.ts';

const app = shopApp({ outdir: process.env.CDK_OUTDIR ?? 'cdk.out' });
// A cdk-nag error ends the synthesis unless the app acknowledges it with a reason.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
