import * as z from 'zod/mini';
import { NotEmulated } from '../not-emulated.ts';
import { readProperties } from './left-out.ts';
import type { ResourceHandler, ResourceRequest } from './resource.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-api.html */
const apiProperties = z.object({
  Name: z._default(z.string(), 'HTTP API'),
  ProtocolType: z.optional(z.string()),
  Target: z.optional(z.string()),
  Body: z.optional(z.unknown()),
  BodyS3Location: z.optional(z.unknown()),
});

/** Serves an HTTP API under a URL on this machine. */
export const createHttpApi: ResourceHandler = async (request) => {
  const { given, leftOut } = readProperties(apiProperties, request.properties, {
    noEffect: ['ApiKeySelectionExpression', 'Description', 'IpAddressType', 'RouteSelectionExpression', 'Version'],
    meanings: { CorsConfiguration: 'locally, the function must answer OPTIONS and set the headers' },
  });
  if (given.ProtocolType !== 'HTTP')
    throw new NotEmulated('only HTTP APIs are emulated, without an OpenAPI definition');
  if (given.Target !== undefined || given.Body !== undefined || given.BodyS3Location !== undefined)
    throw new NotEmulated(
      'an API that is defined by Target or by an OpenAPI definition is not emulated. Emulated: routes as resources',
    );
  const { id, url } = await request.target.httpApis.add(pathOf(request), given.Name);
  return { ref: id, attributes: { ApiId: id, ApiEndpoint: url }, leftOut };
};

/** The longest timeout of an integration of an HTTP API. */
const MAX_TIMEOUT_MS = 30_000;

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-integration.html */
const integrationProperties = z.object({
  IntegrationType: z.string(),
  IntegrationUri: z._default(z.string(), ''),
  PayloadFormatVersion: z.optional(z.string()),
  /** The default is the maximum (AWS::ApiGatewayV2::Integration, TimeoutInMillis). */
  TimeoutInMillis: z._default(
    z.coerce
      .number()
      .check(
        z.refine(
          (given) => Number.isInteger(given) && given >= 50 && given <= MAX_TIMEOUT_MS,
          `Timeout should be between 50 ms and ${MAX_TIMEOUT_MS} ms`,
        ),
      ),
    MAX_TIMEOUT_MS,
  ),
});

/** The function and the timeout of an integration are parts of the integration's id, so that the routes find them. */
const INTEGRATION = /^integrations\/[^~]+~([^~]+)~(\d+)$/;

/** Creates an integration, which names the function that an API's routes call. */
export const createIntegration: ResourceHandler = (request) => {
  const { IntegrationType, IntegrationUri, PayloadFormatVersion, TimeoutInMillis } = integrationProperties.parse(
    request.properties,
  );
  const [, functionName] = /:function:([^:/]+)/.exec(IntegrationUri) ?? [];
  if (IntegrationType !== 'AWS_PROXY' || functionName === undefined || PayloadFormatVersion !== '2.0')
    throw new NotEmulated(
      `the integration ${IntegrationType} with payload format ${PayloadFormatVersion} is not emulated. ` +
        'Emulated: Lambda functions with payload format 2.0',
    );
  const found = request.target.functions.functions().some(({ name }) => name === functionName);
  if (!found) throw new NotEmulated(`the function ${functionName} is not part of the app`);
  return { ref: `${request.logicalId}~${functionName}~${TimeoutInMillis}`, attributes: {} };
};

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-route.html */
const routeProperties = z.object({
  ApiId: z.string(),
  RouteKey: z.string(),
  Target: z._default(z.string(), ''),
  AuthorizationType: z._default(z.string(), 'NONE'),
});

/** Adds a route to an API. */
export const createRoute: ResourceHandler = (request) => {
  const { ApiId, RouteKey, Target, AuthorizationType } = routeProperties.parse(request.properties);
  const [, functionName, timeoutMs] = INTEGRATION.exec(Target) ?? [];
  if (functionName === undefined) throw new NotEmulated(`the Target ${Target} is not an integration of the API`);
  request.target.httpApis.addRoute(ApiId, { routeKey: RouteKey, functionName, timeoutMs: Number(timeoutMs) });
  const leftOut =
    AuthorizationType === 'NONE'
      ? []
      : [`AuthorizationType ${AuthorizationType}: locally, every request reaches the function, without an authorizer`];
  return { ref: request.logicalId, attributes: { RouteId: request.logicalId }, leftOut };
};

const stageProperties = z.object({ ApiId: z.string(), StageName: z.string() });

/** Adds a stage to an API. A stage is deployed at once, as with AutoDeploy. */
export const createStage: ResourceHandler = (request) => {
  const { ApiId, StageName } = stageProperties.parse(request.properties);
  request.target.httpApis.addStage(ApiId, StageName);
  return { ref: StageName, attributes: {} };
};

function pathOf({ stack, logicalId }: ResourceRequest): string {
  return `${stack.name}/${logicalId}`;
}
