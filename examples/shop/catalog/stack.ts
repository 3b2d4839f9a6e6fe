import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentStage } from '../../../lib/data-protection.ts';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { serviceFunction } from '../service/function.ts';
import catalog from './contracts.ts';

/** Props of `CatalogStack`. */
export interface CatalogStackProps extends StackProps {
  readonly stage: DeploymentStage;
}

/** Owns products, and takes them by HTTP. */
export class CatalogStack extends Stack {
  readonly owner: EntityOwner;

  constructor(scope: Construct, id: string, { stage, ...props }: CatalogStackProps) {
    super(scope, id, props);
    const owner = new EntityOwner(this, 'Owner', {
      boundary: catalog,
      stage,
      // Ordering sells by what it caches: when it lags, prices wait.
      maySlowOwner: { ordering: {} },
    });
    const products = serviceFunction(this, 'Products', {
      file: new URL('functions/products.ts', import.meta.url),
      description: 'Puts products',
      environment: { OWNER_TABLE: owner.table.tableName, FLOW_TABLE: owner.flow.table.tableName },
      stage,
      url: true,
    });
    owner.grantWrite(products);
    this.owner = owner;
  }
}
