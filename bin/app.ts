import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { shopApp } from '../examples/shop/app.ts';

const app = shopApp({ outdir: process.env.CDK_OUTDIR ?? 'cdk.out' });
// An error of a rule that nobody has acknowledged with a reason ends the synthesis.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
