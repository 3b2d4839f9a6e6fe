import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { ClientOptions } from 'freshet-aws/internal/adapters/aws/clients';

/** A client of CloudFormation. Apart from the other clients: no function's bundle needs it. */
export function cloudFormationClient(options: ClientOptions & { readonly region?: string } = {}): CloudFormationClient {
  return new CloudFormationClient(options);
}

/** The values of a stack's outputs. @param stack its name or ARN. Throws the service's `ValidationError` where there is no such stack. */
export async function stackOutputs(client: CloudFormationClient, stack: string): Promise<string[]> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
  return Stacks.flatMap(({ Outputs = [] }) => Outputs.flatMap(({ OutputValue }) => OutputValue ?? []));
}
