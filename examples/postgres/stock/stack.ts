import { Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { PostgresOwner } from 'freshet-aws/cdk';
import stock from './contracts.ts';
import { database } from './database.ts';

/** The relay of the stock's outbox, the topics of its changes and facts, and the function that answers its caches. */
export class StockStack extends Stack {
  readonly owner: PostgresOwner;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.owner = new PostgresOwner(this, 'Owner', {
      boundary: stock,
      stage: 'development',
      // A database on this machine, which trusts its users. On AWS the functions use a token, and TLS.
      database: { ...database, user: 'stock_relay', auth: 'none' },
      // The story wakes the relay after its commits.
      keepRelaying: Duration.seconds(0),
    });
  }
}
