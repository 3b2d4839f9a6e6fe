import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { type ChangeSource, type DeploymentStage, FactTopic, LocalCache } from 'freshet-aws/cdk';
import { serviceFunction } from '../service/function.ts';
import { grant, serviceTable } from '../service/table.ts';
import ordering from './selling.ts';

/** Props of `SellingStack`. */
export interface SellingStackProps extends StackProps {
  /** The owners of the types that ordering caches: geography, catalog, customers. */
  readonly sources: readonly ChangeSource[];
  /** Whether data stays when the stack is deleted. */
  readonly stage: DeploymentStage;
}

/** Ordering in the whole shop: pages and checkout, which read only ordering's own tables. */
export class SellingStack extends Stack {
  readonly cache: LocalCache;
  readonly facts: FactTopic;
  /** Carts and orders. */
  readonly orders: Table;

  constructor(scope: Construct, id: string, { sources, stage, ...props }: SellingStackProps) {
    super(scope, id, props);
    this.cache = new LocalCache(this, 'Cache', { boundary: ordering, sources, stage });
    this.facts = new FactTopic(this, 'Facts', { boundary: ordering, stage });
    this.orders = serviceTable(this, 'Orders', stage);
    const pages = serviceFunction(this, 'Pages', {
      file: new URL('functions/pages.ts', import.meta.url),
      description: 'Answers product pages, lists and customer cards',
      stage,
      url: true,
    });
    this.cache.grantRead(pages);
    const checkout = serviceFunction(this, 'Checkout', {
      file: new URL('functions/checkout.ts', import.meta.url),
      description: 'Turns shopping carts into orders',
      environment: { ORDERS_TABLE: this.orders.tableName },
      stage,
      url: true,
    });
    this.cache.grantRead(checkout);
    grant(this.orders, checkout, 'GetItem', 'PutItem', 'UpdateItem');
    this.facts.grantCommit(checkout);
  }
}
