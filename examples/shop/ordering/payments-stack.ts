import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { DeploymentStage } from '../../../lib/data-protection.ts';
import { FactQueue, type FactSource } from '../../../lib/fact-queue.ts';
import payment from '../payment/contracts.ts';
import { SERVICE_TIMEOUT, serviceFunction } from '../service/function.ts';
import { grant } from '../service/table.ts';

/** Props of `OrderPaymentsStack`. */
export interface OrderPaymentsStackProps extends StackProps {
  /** Payment's facts. */
  readonly payments: FactSource;
  readonly orders: Table;
  readonly stage: DeploymentStage;
}

/** Of ordering, and a stack of its own since payment's already needs ordering's topic: what became of each order's payment. */
export class OrderPaymentsStack extends Stack {
  readonly queue: FactQueue;

  constructor(scope: Construct, id: string, { payments, orders, stage, ...props }: OrderPaymentsStackProps) {
    super(scope, id, props);
    this.queue = new FactQueue(this, 'Payments', {
      name: 'order-payments',
      facts: Object.values(payment.publishes),
      sources: [payments],
      functionTimeout: SERVICE_TIMEOUT,
      stage,
    });
    const note = serviceFunction(this, 'Note', {
      file: new URL('functions/payments.ts', import.meta.url),
      description: 'Notes what became of the payment of orders',
      environment: { ORDERS_TABLE: orders.tableName, FACT_QUEUE: this.queue.settings },
      stage,
    });
    grant(orders, note, 'UpdateItem');
    this.queue.addHandler(note);
  }
}
