import { invokeLater, lambdaClient } from '../adapters/aws/lambda-client.ts';
import { BEAT } from '../adapters/postgres/wake.ts';
import { required } from './environment.ts';
import { createGovernor } from './governing.ts';

const functions = lambdaClient();
const relay = required('RELAY');

/**
 * The governor of an owner in PostgreSQL. It has no way to the database, so the relay commits the heartbeats: on its
 * own schedule, and when a cache asks for them.
 */
export const handler = createGovernor({ beat: () => invokeLater(functions, relay, BEAT), isScheduled: false });
