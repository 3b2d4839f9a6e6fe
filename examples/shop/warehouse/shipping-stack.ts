import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type DeploymentStage, type FactSource, Saga } from 'freshet-aws/cdk';
import { serviceFunction } from '../service/function.ts';
import { grant, serviceTable } from '../service/table.ts';
import shipping from './shipping.ts';

/** Props of `ShippingStack`. */
export interface ShippingStackProps extends StackProps {
  /** The fact topics of ordering and payment. */
  readonly sources: readonly FactSource[];
  /** Whether data stays when the stack is deleted. */
  readonly stage: DeploymentStage;
}

/**
 * The warehouse's shipping: ships orders that are placed and billed. It is a stack of its own, so that it can be
 * deployed without the warehouse's cache.
 */
export class ShippingStack extends Stack {
  readonly saga: Saga;

  constructor(scope: Construct, id: string, { sources, stage, ...props }: ShippingStackProps) {
    super(scope, id, props);
    this.saga = new Saga(this, 'Shipping', { saga: shipping, sources, stage });
    new CfnOutput(this, 'SagaTable', { value: this.saga.table.tableName });
    const labels = serviceTable(this, 'Labels', stage);
    new CfnOutput(this, 'LabelsTable', { value: labels.tableName });
    const printer = serviceFunction(this, 'Printer', {
      file: new URL('functions/printer.ts', import.meta.url),
      description: 'Prints shipping labels and recalls parcels',
      environment: { LABELS_TABLE: labels.tableName },
      stage,
    });
    grant(labels, printer, 'UpdateItem');
    this.saga.addEffectHandler(printer);
  }
}
