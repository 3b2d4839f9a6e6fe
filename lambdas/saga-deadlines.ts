import { dynamoDbClient } from '../adapters/aws/clients.ts';
import { createSagaStore } from '../adapters/saga/table.ts';
import { sagaTelemetry } from '../adapters/saga/telemetry.ts';
import { raiseOverdue } from '../core/saga/deadlines.ts';
import { required } from './environment.ts';
import saga from './saga-definition.ts';

const store = createSagaStore({ client: dynamoDbClient(), tableName: required('SAGA_TABLE'), saga: saga.name });
const report = sagaTelemetry(saga.name);

/** Raises an alert for each overdue instance. Runs on a schedule. */
export async function handler(): Promise<void> {
  const { raised, failures } = await raiseOverdue(saga, store, Date.now());
  for (const result of raised) report(result);
  if (failures.length > 0) {
    throw new AggregateError(
      failures,
      `saga ${saga.name}: ${failures.length} alerts could not be raised. They are retried.`,
    );
  }
}
