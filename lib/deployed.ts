import { relative } from 'node:path';
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Deployed, DeployedOfFacts } from '../adapters/aws/stack-output.ts';
import type { Boundary } from '../core/contract/contract.ts';
import { contractsFile } from './contracts-module.ts';
import type { ChangeSource } from './local-cache-props.ts';

/**
 * Describes a deployed owner or cache in a stack output, from which the command line finds its tables, queues and
 * contracts. The path of the contracts is relative to the folder that the app is synthesised in.
 */
export function describeDeployed(scope: Construct, boundary: Boundary, deployed: Deployed): void {
  write(scope, 'Freshet', { ...deployed, contracts: contractsPath(boundary) });
}

/** The path of a boundary's contracts, relative to the folder that the app is synthesised in. */
export function contractsPath(boundary: Boundary): string {
  return relative(process.cwd(), contractsFile(boundary)).replaceAll('\\', '/');
}

/**
 * Describes deployed facts or a deployed saga in a stack output.
 *
 * @param id id of the output; it starts with `Freshet`
 */
export function describeOfFacts(scope: Construct, deployed: DeployedOfFacts, id = 'Freshet'): void {
  write(scope, id, deployed);
}

function write(scope: Construct, id: string, deployed: object): void {
  new CfnOutput(scope, id, { value: Stack.of(scope).toJsonString(deployed) });
}

/** What the caches of an owner use. */
export function sharedOf({ topic, resyncQueue, reportQueue }: ChangeSource): string[] {
  return [topic.topicArn, ...[resyncQueue, reportQueue].flatMap(({ queueUrl, queueArn }) => [queueUrl, queueArn])];
}

/** Writes the props with which `ImportedSource` imports an owner into another app or account as a stack output. */
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
