import type { Deployment } from '../../deployment/deployment.ts';
import type { DeploymentOptions } from '../../options/deployment-options.ts';
import { readAsyncApi, readContracts, readSchema } from './contracts.ts';
import { readDeployment } from './deployment.ts';
import { readEntities } from './entities.ts';
import { readEntity } from './entity.ts';
import { createFlowRead } from './flow.ts';
import { createNumbersRead } from './numbers.ts';
import { readParked, readParkedEvent } from './parked.ts';
import type { ConsoleReads } from './reads-interface.ts';
import { readSagaInstances, sagasOf } from './sagas.ts';
import { createStoppedReads } from './stopped-reads.ts';
import { readWhy } from './why.ts';

/**
 * Creates the reads of the console's API for a deployment.
 *
 * @param on the options that name the deployment, for commands to copy. Default: its stacks
 */
export function createReads(deployment: Deployment, on: DeploymentOptions = stacksOf(deployment)): ConsoleReads {
  const stopped = createStoppedReads(deployment);
  const flow = createFlowRead(deployment, stopped);
  const numbers = createNumbersRead(deployment);
  return {
    deployment: () => readDeployment(deployment),
    flow,
    entities: (input) => readEntities(deployment, input),
    entity: (input) => readEntity(deployment, stopped, input),
    why: (input) => readWhy(deployment, stopped, on, input),
    parked: (input) => readParked(deployment, input),
    parkedEvent: (input) => readParkedEvent(deployment, input),
    numbers: ({ minutes }) => numbers(minutes, Date.now()),
    contracts: () => readContracts(deployment),
    asyncapi: (boundary) => readAsyncApi(deployment, boundary),
    schema: (type) => readSchema(deployment, type),
    sagas: async () => sagasOf(deployment, await flow()),
    sagaInstances: (input) => readSagaInstances(deployment, input),
  };
}

function stacksOf({ stacks }: Deployment): DeploymentOptions {
  return stacks.length === 0 ? {} : { stack: stacks };
}
