import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import type { ClientOptions } from 'freshet-aws/internal/adapters/aws/clients';
import { limited, PATIENCE } from './patient.ts';

/** A CloudFormation client. It isn't defined with the other clients, because no function's bundle needs it. */
export function cloudFormationClient(options: ClientOptions = {}): CloudFormationClient {
  return limited(new CloudFormationClient({ ...options, ...PATIENCE }));
}

/** A stack's status, such as CREATE_COMPLETE, and the values of its outputs. */
export interface StackState {
  readonly status: string;
  readonly outputs: readonly string[];
}

/**
 * Reads the state of a stack.
 *
 * @param stack its name or ARN
 * @throws the service's `ValidationError` if the stack doesn't exist
 */
export async function stackState(client: CloudFormationClient, stack: string): Promise<StackState> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
  const outputs = Stacks.flatMap(({ Outputs = [] }) => Outputs.flatMap(({ OutputValue }) => OutputValue ?? []));
  return { status: Stacks[0]?.StackStatus ?? 'unknown', outputs };
}

/** The physical names of a stack's Lambda functions. @param stack its name or ARN */
export async function stackFunctions(client: CloudFormationClient, stack: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName: stack }))
    for (const { ResourceType, PhysicalResourceId } of StackResourceSummaries)
      if (ResourceType === 'AWS::Lambda::Function' && PhysicalResourceId !== undefined) names.push(PhysicalResourceId);
  return names;
}
