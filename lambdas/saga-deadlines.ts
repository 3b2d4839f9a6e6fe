import { dynamoDbClient } from '../adapters/aws/clients.ts';
import { createSagaStore } from '../adapters/saga/table.ts';
import { sagaTelemetry } from '../adapters/saga/telemetry.ts';
import { raiseOverdue } from '../core/saga/deadlines.ts';
import { reviewInstances } from '../core/saga/review.ts';
import { emitter, required } from './environment.ts';
import saga from './saga-definition.ts';

const store = createSagaStore({ client: dynamoDbClient(), tableName: required('SAGA_TABLE'), saga: saga.name });
const keepSeconds = Number(required('KEEP_SECONDS'));
const report = sagaTelemetry(emitter(saga.name));

/**
 * Raises an alert for each overdue instance, and reviews waiting instances after the saga's definition changed. Runs on
 * a schedule.
 */
export async function handler(): Promise<void> {
  const nowMs = Date.now();
  const { settled, failures: unreviewed } = await reviewInstances(saga, store, { nowMs, keepSeconds });
  const { raised, failures: unraised } = await raiseOverdue(saga, store, nowMs);
  for (const result of [...settled, ...raised]) report(result);
  const failures = [...unreviewed, ...unraised];
  if (failures.length > 0) {
    throw new AggregateError(
      failures,
      `saga ${saga.name}: ${unraised.length} alerts could not be raised, and ${unreviewed.length} instances could not ` +
        'be reviewed. They are retried.',
    );
  }
}
