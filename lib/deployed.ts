import { relative } from 'node:path';
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Deployed, DeployedOfFacts } from '../adapters/aws/stack-output.ts';
import type { Boundary } from '../core/contract.ts';
import { contractsFile } from './contracts-module.ts';
import type { ChangeSource } from './local-cache-props.ts';

/**
 * Writes down as a stack output what was deployed, so that the command line finds tables, queues and contracts. The path of the
 * contracts is relative to the folder that the app is synthesised in.
 */
export function describeDeployed(scope: Construct, boundary: Boundary, deployed: Deployed): void {
  const contracts = relative(process.cwd(), contractsFile(boundary)).replaceAll('\\', '/');
  write(scope, 'Freshet', { ...deployed, contracts });
}

/** Writes down as a stack output what was deployed of facts or of a saga. @param id of the output, which begins with `Freshet` */
export function describeOfFacts(scope: Construct, deployed: DeployedOfFacts, id = 'Freshet'): void {
  write(scope, id, deployed);
}

function write(scope: Construct, id: string, deployed: object): void {
  new CfnOutput(scope, id, { value: Stack.of(scope).toJsonString(deployed) });
}

/** Writes down as a stack output what `ImportedSource` is told of an owner, in another app or account. */
export function describeSource(scope: Construct, { topic, resyncQueue, reportQueue }: ChangeSource): void {
  const encryptionKey = reportQueue.encryptionMasterKey;
  const source = {
    topicArn: topic.topicArn,
    resyncQueueArn: resyncQueue.queueArn,
    reportQueueArn: reportQueue.queueArn,
    ...(encryptionKey && { encryptionKeyArn: encryptionKey.keyArn }),
  };
  new CfnOutput(scope, 'Source', { value: Stack.of(scope).toJsonString(source) });
}
