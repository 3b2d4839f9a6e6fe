import { shopApp } from '../examples/shop/app.ts';

shopApp({ outdir: process.env.CDK_OUTDIR ?? 'cdk.out' }).synth();
