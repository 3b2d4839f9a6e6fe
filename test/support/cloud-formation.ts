import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** A stand-in for CloudFormation. An SDK client uses its URL as the endpoint. */
export interface CloudFormation {
  readonly url: string;
  /** The names of a stack's functions. A test may replace it. */
  functionsOf(stack: string): readonly string[];
  close(): void;
}

/** A request to CloudFormation. */
export interface StackCall {
  /** Such as `DescribeStacks`. */
  readonly action: string;
  /** The name that the request has. */
  readonly stack: string;
  readonly authorization: string | undefined;
}

/**
 * Starts a server that answers `DescribeStacks` with the outputs of the stack, and `ListStackResources` with a queue
 * and with the functions of `functionsOf`: one of the name `STACK-function`. For an unknown stack, it answers with
 * CloudFormation's error.
 *
 * @param outputs the values of the outputs, by stack name
 * @param refuse returns the code and the message of the error that a call gets; undefined for a call that is allowed
 * @param status the status of every stack
 */
export async function startCloudFormation(
  outputs: Readonly<Record<string, readonly string[]>>,
  refuse: (call: StackCall) => { readonly code: string; readonly message: string } | undefined = () => undefined,
  status = 'CREATE_COMPLETE',
): Promise<CloudFormation> {
  const server = createServer(async (request, response) => {
    const asked = new URLSearchParams(await text(request));
    const name = asked.get('StackName') ?? '';
    const found = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
    const action = asked.get('Action') ?? '';
    const refused = refuse({ action, stack: name, authorization: request.headers.authorization });
    const body =
      refused !== undefined
        ? error(refused.code, refused.message)
        : found === undefined
          ? error('ValidationError', `Stack with id ${name} does not exist`)
          : action === 'ListStackResources'
            ? resources(name, formation.functionsOf(name))
            : stack(name, found, status);
    response.writeHead(refused !== undefined ? 403 : found === undefined ? 400 : 200, { 'content-type': 'text/xml' });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  const formation: CloudFormation = {
    url: `http://127.0.0.1:${address.port}`,
    functionsOf: (stack) => [`${stack}-function`],
    close,
  };
  return formation;
}

function stack(name: string, values: readonly string[], status: string): string {
  const outputs = values.map((value, index) => {
    const escaped = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
    return `<member><OutputKey>Out${index}</OutputKey><OutputValue>${escaped}</OutputValue></member>`;
  });
  const one = `<StackName>${name}</StackName><StackStatus>${status}</StackStatus><Outputs>${outputs.join('')}</Outputs>`;
  return `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>${one}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
}

function resources(name: string, functions: readonly string[]): string {
  const one = (type: string, id: string) =>
    `<member><LogicalResourceId>${id}</LogicalResourceId><PhysicalResourceId>${id}</PhysicalResourceId><ResourceType>${type}</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>`;
  const all = [one('AWS::SQS::Queue', `${name}-queue`), ...functions.map((each) => one('AWS::Lambda::Function', each))];
  return `<ListStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ListStackResourcesResult><StackResourceSummaries>${all.join('')}</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`;
}

function error(code: string, message: string): string {
  return `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
}
