import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { CorsHttpMethod, HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration, HttpUrlIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { CfnPermission, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { removeFolders, temporaryFolder } from '../provision/assembly-fixture.ts';

const HANDLER = `
export const handler = async (event) => {
  if (event.rawPath.endsWith('/fail')) throw new Error('on purpose');
  if (event.rawPath.endsWith('/slow')) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    console.log('slow is done');
  }
  if (event.rawPath.endsWith('/env')) return process.env.API_URL;
  return event.routeKey.startsWith('PUT')
    ? { statusCode: 201, headers: { location: '/there' }, cookies: ['a=1'], body: event.body }
    : event;
};`;

let cloud: LocalCloud;
let url: string;
const lines: string[] = [];
const progress: string[] = [];

/** What HttpApi and HttpLambdaIntegration of the CDK make, in the order that people write it. */
function shop(app: App): void {
  const stack = new Stack(app, 'Shop');
  const folder = join(temporaryFolder(), 'code');
  mkdirSync(folder);
  writeFileSync(join(folder, 'index.mjs'), HANDLER);
  const fn = (id: string) =>
    new LambdaFunction(stack, id, {
      functionName: id,
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromAsset(folder),
    });
  const countries = fn('countries');
  const integration = new HttpLambdaIntegration('Countries', countries);
  const corsPreflight = { allowOrigins: ['*'], allowMethods: [CorsHttpMethod.GET] };
  const api = new HttpApi(stack, 'Api', { apiName: 'shop', defaultIntegration: integration, corsPreflight });
  api.addRoutes({ path: '/countries/{id}', methods: [HttpMethod.GET, HttpMethod.PUT], integration });
  api.addRoutes({ path: '/files/{path+}', integration });
  api.addRoutes({ path: '/elsewhere', integration: new HttpUrlIntegration('Elsewhere', 'https://example.com') });
  const impatient = new HttpLambdaIntegration('Impatient', countries, { timeout: Duration.millis(300) });
  api.addRoutes({ path: '/impatient/slow', methods: [HttpMethod.GET], integration: impatient });
  api.addStage('Beta', { stageName: 'beta', autoDeploy: true });
  const refused = new HttpLambdaIntegration('Refused', fn('refused'));
  for (const route of api.addRoutes({ path: '/refused', methods: [HttpMethod.GET], integration: refused })) {
    for (const child of route.node.findAll()) if (child instanceof CfnPermission) child.sourceArn = 'arn:aws:other';
  }
  fn('client').addEnvironment('API_URL', api.apiEndpoint);
  new CfnOutput(stack, 'Url', { value: `${api.url}` });
}

beforeAll(async () => {
  const app = new App({ outdir: join(temporaryFolder(), 'cdk.out') });
  shop(app);
  cloud = await startLocalCloud({
    assembly: app.synth().directory,
    onLog: (_, line) => lines.push(line),
    onProgress: (message) => progress.push(message),
  });
  url = cloud.outputs.Shop?.Url ?? '';
});
afterAll(async () => {
  await cloud.stop();
  removeFolders();
});

describe('an HTTP API', () => {
  test('its address is an output, an environment variable of functions, and a line of the progress', async () => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(progress).toContain(`HTTP API shop at ${url.slice(0, -1)}`);
    const result = await cloud.functions.invoke('client', { rawPath: '/env', routeKey: '' });
    expect(result).toMatchObject({ payload: url.slice(0, -1) });
  });

  test('the event of a route with a variable has payload format 2.0', async () => {
    const answer = await fetch(new URL('countries/S%C3%A3o?x=1&x=2', url));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      version: '2.0',
      routeKey: 'GET /countries/{id}',
      rawPath: '/countries/S%C3%A3o',
      rawQueryString: 'x=1&x=2',
      queryStringParameters: { x: '1,2' },
      pathParameters: { id: 'São' },
      isBase64Encoded: false,
      requestContext: {
        accountId: '000000000000',
        apiId: expect.stringMatching(/^[a-z0-9]{10}$/),
        http: { method: 'GET', path: '/countries/S%C3%A3o', sourceIp: '127.0.0.1' },
        routeKey: 'GET /countries/{id}',
        stage: '$default',
      },
    });
  });

  test('an answer that takes longer than the timeout of the integration is a 503, and the function goes on', async () => {
    const answer = await fetch(new URL('impatient/slow', url));
    expect([answer.status, await answer.json()]).toEqual([503, { message: 'Service Unavailable' }]);
    expect(lines.join('\n')).toContain('the function did not answer within 300 ms, the timeout of the integration');
    expect(lines.join('\n')).not.toContain('slow is done');
    await expect.poll(() => lines.join('\n'), { timeout: 5_000 }).toContain('slow is done');
    expect((await fetch(new URL('files/slow', url))).status).toBe(200);
  });

  test.each([
    ['files/a/b', 'ANY /files/{path+}', { path: 'a/b' }],
    ['anything', '$default', undefined],
  ])('%s takes the route %s', async (path, routeKey, pathParameters) => {
    const event = (await (await fetch(new URL(path, url), { method: 'DELETE' })).json()) as Record<string, unknown>;
    expect(event).toMatchObject({ routeKey });
    expect(event.pathParameters).toEqual(pathParameters);
  });

  test('a stage with a name is the first part of the path, and stays in the event', async () => {
    expect(await (await fetch(new URL('beta/countries/FR', url))).json()).toMatchObject({
      rawPath: '/beta/countries/FR',
      pathParameters: { id: 'FR' },
      requestContext: { stage: 'beta' },
    });
  });

  test("a function's status, headers and cookies are passed on", async () => {
    const answer = await fetch(new URL('countries/FR', url), {
      method: 'PUT',
      body: '{"name":"France"}',
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.status, await answer.text()]).toEqual([201, '{"name":"France"}']);
    expect(answer.headers.get('location')).toBe('/there');
    expect(answer.headers.getSetCookie()).toEqual(['a=1']);
  });

  test('a function that fails gives 500 as on AWS, and the reason is in the log', async () => {
    const answer = await fetch(new URL('fail', url));
    expect([answer.status, await answer.json()]).toEqual([500, { message: 'Internal Server Error' }]);
    expect(lines).toContainEqual(expect.stringMatching(/^\[HTTP API\] .*on purpose$/));
  });

  test('a function without a permission for the route gives 500, and the log names the permission', async () => {
    const answer = await fetch(new URL('refused', url));
    expect(answer.status).toBe(500);
    expect(lines.join('\n')).toMatch(/\[HTTP API\] .*apigateway\.amazonaws\.com.*lambda:InvokeFunction/);
  });

  test('an integration that is no function is left out with its route, and CORS is named as left out', () => {
    expect(cloud.leftOut).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          type: 'AWS::ApiGatewayV2::Integration',
          reason: expect.stringMatching(/HTTP_PROXY/),
        }),
        expect.objectContaining({ type: 'AWS::ApiGatewayV2::Route', reason: expect.stringMatching(/is left out$/) }),
        expect.objectContaining({
          type: 'AWS::ApiGatewayV2::Api',
          reason: expect.stringMatching(/^CorsConfiguration/),
        }),
      ]),
    );
    expect(cloud.leftOut).toHaveLength(3);
  });
});
