import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentStage } from '../../../lib/data-protection.ts';
import type { FactSource } from '../../../lib/fact-queue.ts';
import { Saga } from '../../../lib/saga.ts';
import { serviceFunction } from '../service/function.ts';
import { grant, serviceTable } from '../service/table.ts';
import shipping from './shipping.ts';

/** Props of `ShippingStack`. */
export interface ShippingStackProps extends StackProps {
  /** The facts of ordering and payment. */
  readonly sources: readonly FactSource[];
  readonly stage: DeploymentStage;
}

/** Ships what is placed and billed. Of the warehouse, and apart from its cache: one can be deployed without the other. */
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
      description: 'Prints shipping labels and calls parcels back',
      environment: { LABELS_TABLE: labels.tableName },
      stage,
    });
    grant(labels, printer, 'UpdateItem');
    this.saga.addEffectHandler(printer);
  }
}
