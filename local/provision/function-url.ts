import * as z from 'zod/mini';
import type { ResourceHandler } from './resource.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-url.html */
const urlProperties = z.strictObject({
  TargetFunctionArn: z.string(),
  AuthType: z.enum(['AWS_IAM', 'NONE']),
  InvokeMode: z._default(z.string(), 'BUFFERED'),
  Qualifier: z.optional(z.string()),
  Cors: z.optional(z.unknown()),
});

/** Serves a function under a URL on this machine. */
export const createFunctionUrl: ResourceHandler = async (request) => {
  const given = urlProperties.parse(request.properties);
  const { InvokeMode, Qualifier, Cors, AuthType, TargetFunctionArn } = given;
  if (InvokeMode !== 'BUFFERED') throw new Error(`the InvokeMode ${InvokeMode} is not emulated. Emulated: BUFFERED`);
  if (Qualifier !== undefined) throw new Error(`aliases are not emulated. Given as Qualifier: ${Qualifier}`);
  if (Cors !== undefined)
    throw new Error('Cors is not emulated. Remove it, or let the function answer OPTIONS and set the headers');
  const functionName = TargetFunctionArn.slice(TargetFunctionArn.lastIndexOf(':') + 1);
  const { functionArn, url } = await request.target.functionUrls.add({ functionName, authType: AuthType });
  return { ref: functionArn, attributes: { FunctionArn: functionArn, FunctionUrl: url } };
};
