import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type DeploymentStage, EntityOwner } from 'freshet-aws/cdk';
import { serviceFunction } from '../service/function.ts';
import catalog from './contracts.ts';

/** Props of `CatalogStack`. */
export interface CatalogStackProps extends StackProps {
  /** Whether data stays when the stack is deleted. */
  readonly stage: DeploymentStage;
}

/** The catalog: owns products, and accepts them by HTTP. */
export class CatalogStack extends Stack {
  readonly owner: EntityOwner;

  constructor(scope: Construct, id: string, { stage, ...props }: CatalogStackProps) {
    super(scope, id, props);
    const owner = new EntityOwner(this, 'Owner', {
      boundary: catalog,
      stage,
      // Ordering sells at the cached prices. While its cache lags, price changes are slowed.
      maySlowOwner: { ordering: {} },
    });
    const products = serviceFunction(this, 'Products', {
      file: new URL('functions/products.ts', import.meta.url),
      description: 'Stores products',
      stage,
      url: true,
    });
    owner.grantWrite(products);
    this.owner = owner;
  }
}
