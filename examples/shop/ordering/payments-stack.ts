import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { type DeploymentStage, FactQueue, type FactSource } from 'freshet-aws/cdk';
import payment from '../payment/contracts.ts';
import { SERVICE_TIMEOUT, serviceFunction } from '../service/function.ts';
import { grant } from '../service/table.ts';

/** Props of `OrderPaymentsStack`. */
export interface OrderPaymentsStackProps extends StackProps {
  /** Payment's fact topic. */
  readonly payments: FactSource;
  /** Ordering's table of carts and orders. */
  readonly orders: Table;
  /** Whether data stays when the stack is deleted. */
  readonly stage: DeploymentStage;
}

/**
 * Ordering's view of payments: stores the state of each order's payment. It is a stack of its own, because payment's
 * stack already depends on ordering's topic.
 */
export class OrderPaymentsStack extends Stack {
  /** Payment's facts for ordering. */
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
      description: "Stores the state of each order's payment",
      environment: { ORDERS_TABLE: orders.tableName, FACT_QUEUE: this.queue.settings },
      stage,
    });
    grant(orders, note, 'UpdateItem');
    this.queue.addHandler(note);
  }
}
