import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { DeploymentStage } from '../../../lib/data-protection.ts';
import { FactTopic } from '../../../lib/fact-topic.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import type { ChangeSource } from '../../../lib/local-cache-props.ts';
import { serviceFunction } from '../service/function.ts';
import { grant, serviceTable } from '../service/table.ts';
import ordering from './selling.ts';

/** Props of `SellingStack`. */
export interface SellingStackProps extends StackProps {
  /** The owners of what ordering caches: geography, catalog, customers. */
  readonly sources: readonly ChangeSource[];
  readonly stage: DeploymentStage;
}

/** Sells: pages and checkout, answered from ordering's own tables alone. */
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
    const cacheTable = { CACHE_TABLE: this.cache.table.tableName };
    const pages = serviceFunction(this, 'Pages', {
      file: new URL('functions/pages.ts', import.meta.url),
      description: 'Product pages, lists and customer cards',
      environment: cacheTable,
      stage,
      url: true,
    });
    this.cache.grantRead(pages);
    const checkout = serviceFunction(this, 'Checkout', {
      file: new URL('functions/checkout.ts', import.meta.url),
      description: 'From the shopping cart to the order',
      environment: { ...cacheTable, ORDERS_TABLE: this.orders.tableName, FACTS_TABLE: this.facts.table.tableName },
      stage,
      url: true,
    });
    this.cache.grantRead(checkout);
    grant(this.orders, checkout, 'GetItem', 'PutItem', 'UpdateItem');
    this.facts.grantCommit(checkout);
  }
}
