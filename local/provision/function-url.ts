import * as z from 'zod/mini';
import { NotEmulated } from '../not-emulated.ts';
import { readProperties } from './left-out.ts';
import type { ResourceHandler } from './resource.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-url.html */
const urlProperties = z.object({
  TargetFunctionArn: z.string(),
  AuthType: z.enum(['AWS_IAM', 'NONE']),
  InvokeMode: z._default(z.string(), 'BUFFERED'),
  Qualifier: z.optional(z.string()),
});

/** Serves a function under a URL on this machine. */
export const createFunctionUrl: ResourceHandler = async (request) => {
  const { given, leftOut } = readProperties(urlProperties, request.properties, {
    meanings: { Cors: 'locally, the function must answer OPTIONS and set the headers' },
  });
  const { InvokeMode, Qualifier, AuthType, TargetFunctionArn } = given;
  if (InvokeMode !== 'BUFFERED')
    throw new NotEmulated(`the InvokeMode ${InvokeMode} is not emulated. Emulated: BUFFERED`);
  if (Qualifier !== undefined) throw new NotEmulated(`aliases are not emulated. Given as Qualifier: ${Qualifier}`);
  const functionName = TargetFunctionArn.slice(TargetFunctionArn.lastIndexOf(':') + 1);
  if (!request.target.functions.functions().some(({ name }) => name === functionName))
    throw new NotEmulated(`the function ${functionName} is not part of the app`);
  const { functionArn, url } = await request.target.functionUrls.add({ functionName, authType: AuthType });
  return { ref: functionArn, attributes: { FunctionArn: functionArn, FunctionUrl: url }, leftOut };
};
