import * as z from 'zod/mini';
import { NotEmulated, type ResourceHandler } from './resource.ts';

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
  if (InvokeMode !== 'BUFFERED')
    throw new NotEmulated(`the InvokeMode ${InvokeMode} is not emulated. Emulated: BUFFERED`);
  if (Qualifier !== undefined) throw new NotEmulated(`aliases are not emulated. Given as Qualifier: ${Qualifier}`);
  const functionName = TargetFunctionArn.slice(TargetFunctionArn.lastIndexOf(':') + 1);
  const { functionArn, url } = await request.target.functionUrls.add({ functionName, authType: AuthType });
  const leftOut = Cors === undefined ? [] : ['Cors: locally, the function must answer OPTIONS and set the headers'];
  return { ref: functionArn, attributes: { FunctionArn: functionArn, FunctionUrl: url }, leftOut };
};
