import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type ChangeSource, LocalCache } from 'freshet-aws/cdk';
import basket from './contracts.ts';

/** The basket's cache of the catalogue. */
export class BasketStack extends Stack {
  constructor(scope: Construct, id: string, { catalogue }: { readonly catalogue: ChangeSource }) {
    super(scope, id);
    new LocalCache(this, 'Cache', { boundary: basket, sources: [catalogue], stage: 'development' });
  }
}
