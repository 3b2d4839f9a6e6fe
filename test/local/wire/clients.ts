import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach } from 'vitest';
import { startWire, type Wire } from '../../../local/wire/server.ts';
import { type VirtualAccount, virtualAccount } from '../fifo/virtual-account.ts';

/** An account with a virtual clock behind the local endpoint, and SDK clients for it. */
export interface Served extends VirtualAccount {
  readonly wire: Wire;
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
}

/** Serves a new account for each test of the file. Returns a function that returns the account. */
export function serveEachTest(): () => Served {
  let served: Served | undefined;
  beforeEach(async () => {
    const account = virtualAccount();
    const wire = await startWire({ messaging: account.messaging });
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const config = { endpoint: wire.url, region: 'eu-central-1', credentials, maxAttempts: 1 };
    served = { ...account, wire, sqs: new SQSClient(config), sns: new SNSClient(config) };
  });
  afterEach(async () => {
    served?.sqs.destroy();
    served?.sns.destroy();
    await served?.wire.close();
  });
  return () => {
    if (served === undefined) throw new Error('Nothing is served outside of a test.');
    return served;
  };
}
