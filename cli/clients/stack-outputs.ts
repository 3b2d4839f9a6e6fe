import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import type { ClientOptions } from 'freshet-aws/internal/adapters/aws/clients';

/** A CloudFormation client. It isn't defined with the other clients, because no function's bundle needs it. */
export function cloudFormationClient(options: ClientOptions = {}): CloudFormationClient {
  return new CloudFormationClient(options);
}

/**
 * The values of a stack's outputs.
 *
 * @param stack its name or ARN
 * @throws the service's `ValidationError` if the stack doesn't exist
 */
export async function stackOutputs(client: CloudFormationClient, stack: string): Promise<string[]> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
  return Stacks.flatMap(({ Outputs = [] }) => Outputs.flatMap(({ OutputValue }) => OutputValue ?? []));
}

/** The physical names of a stack's Lambda functions. @param stack its name or ARN */
export async function stackFunctions(client: CloudFormationClient, stack: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName: stack }))
    for (const { ResourceType, PhysicalResourceId } of StackResourceSummaries)
      if (ResourceType === 'AWS::Lambda::Function' && PhysicalResourceId !== undefined) names.push(PhysicalResourceId);
  return names;
}
