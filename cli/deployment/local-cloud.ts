import { LOCAL_CREDENTIALS, LOCAL_REGION } from 'freshet-local/internal/identity';
import { functionNames } from '../clients/functions.ts';
import type { CommandIo } from '../io.ts';
import { createClients } from './clients.ts';
import { localContracts } from './contracts.ts';
import { createDeployment } from './create.ts';
import type { Deployment } from './deployment.ts';
import type { FoundLocalCloud } from './local-file.ts';
import type { OnWait } from './waits.ts';

/** The settings of `openLocalCloud`. */
export interface OpenOptions {
  /** Default: `import()`. */
  readonly importModule?: CommandIo['importModule'];
  /** Called with a line that says what a write waits for. Default: no calls. */
  readonly onWait?: OnWait | undefined;
}

/** Opens the deployment in a local cloud. */
export function openLocalCloud({ file, projectFolder }: FoundLocalCloud, options: OpenOptions = {}): Deployment {
  const { importModule = (url) => import(url), onWait } = options;
  const clients = createClients({
    region: LOCAL_REGION,
    credentials: LOCAL_CREDENTIALS,
    endpoint: file.url,
    dynamodbEndpoint: file.dynamodbUrl,
  });
  return createDeployment({
    outputs: file.deployed,
    place: `the local cloud at ${file.url}`,
    stacks: [],
    isLocal: true,
    clients,
    functionNames: () => functionNames(clients.functions),
    contracts: localContracts(projectFolder, { importModule }),
    onWait,
  });
}
