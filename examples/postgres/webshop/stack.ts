import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FactQueue, LocalCache, type PostgresOwner } from 'freshet-aws/cdk';
import stock from '../stock/contracts.ts';
import webshop from './contracts.ts';

/** The webshop's cache of articles, and its queue of reservations. */
export class WebshopStack extends Stack {
  constructor(scope: Construct, id: string, { source }: { readonly source: PostgresOwner }) {
    super(scope, id);
    new LocalCache(this, 'Cache', { boundary: webshop, sources: [source], stage: 'development' });
    if (source.facts === undefined) throw new Error('the stock publishes facts');
    new FactQueue(this, 'Reservations', {
      name: 'reservations',
      facts: [stock.publishes.StockReserved],
      sources: [source.facts],
      stage: 'development',
    });
  }
}
