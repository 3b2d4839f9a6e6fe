import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Access } from '../iam/access.ts';
import { requireInvoke } from '../iam/service-access.ts';
import { apiEvent, splitTarget } from '../lambda/url-event.ts';
import { type UrlResponse, urlResponse } from '../lambda/url-response.ts';
import { type Route, takenRoute } from './http-routes.ts';
import type { Invokable } from './lambda-request.ts';
import { closeAtOnce, listen } from './listen.ts';
import { namesThisMachine, readBytes } from './request.ts';
import { MAX_EVENT_BYTES, sendAnswer, urlRequest } from './url-request.ts';

/** API Gateway's HTTP APIs. Each has a port of its own, as each function URL has. */
export interface HttpApis {
  /**
   * Serves an API, which answers 404 until it has a route and a stage.
   * @param path stack and logical id
   */
  add(path: string, name: string): Promise<ServedApi>;
  addStage(apiId: string, stage: string): void;
  addRoute(apiId: string, route: Route): void;
  /** The address of an API, without a slash at the end; undefined if no API has the id. */
  urlOf(apiId: string): string | undefined;
  /** Stops all servers and closes their connections. */
  close(): Promise<void>;
}

/** An API and its address. */
export interface ServedApi {
  /** As long as AWS's. An API always has the same id. */
  readonly id: string;
  /** Without a slash at the end. */
  readonly url: string;
}

export interface HttpApisOptions {
  readonly functions: Invokable;
  readonly access: Access;
  /** Called for each new API. */
  readonly onProgress: (message: string) => void;
  /** Called with the reason why a function's answer was not passed on. */
  readonly onFailure: (functionName: string, reason: string) => void;
}

interface Api extends ServedApi {
  readonly server: Server;
  readonly routes: Route[];
  readonly stages: string[];
}

/** The stage whose paths have no prefix. The paths of any other stage begin with the stage's name. */
const DEFAULT_STAGE = '$default';

export function createHttpApis(options: HttpApisOptions): HttpApis {
  const apis = new Map<string, Api>();
  const require = (apiId: string): Api => {
    const api = apis.get(apiId);
    if (api === undefined) throw new Error(`there is no HTTP API ${apiId}`);
    return api;
  };
  return {
    async add(path, name) {
      const id = createHash('sha256').update(path).digest('hex').slice(0, 10);
      const server = createServer({ keepAliveTimeout: 60_000 });
      const { origin: url } = new URL(await listen(server));
      const api = { id, url, server, routes: [], stages: [] };
      apis.set(id, api);
      server.on('request', (request, response) => void handle(request, response, api, options));
      options.onProgress(`HTTP API ${name} at ${url}`);
      return { id, url };
    },
    addStage: (apiId, stage) => void require(apiId).stages.push(stage),
    addRoute: (apiId, route) => void require(apiId).routes.push(route),
    urlOf: (apiId) => apis.get(apiId)?.url,
    async close() {
      await Promise.all([...apis.values()].map(({ server }) => closeAtOnce(server)));
    },
  };
}

/** Never throws. */
async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  api: Api,
  options: HttpApisOptions,
): Promise<void> {
  const id = randomUUID();
  const answer = await answerTo(request, id, api, options).catch((error: unknown) =>
    refusal(500, `Bug in the emulator: ${String(error)}`),
  );
  if (answer !== undefined && !response.destroyed) sendAnswer(response, answer, { 'apigw-requestid': id });
}

/** Undefined if the client disconnected before the whole request was read. */
async function answerTo(
  request: IncomingMessage,
  id: string,
  api: Api,
  { functions, access, onFailure }: HttpApisOptions,
): Promise<UrlResponse | undefined> {
  if (!namesThisMachine(request)) return refusal(403, 'Forbidden');
  const body = await readBytes(request, MAX_EVENT_BYTES);
  if (body === 'aborted') return undefined;
  if (body === 'tooLong') return refusal(413, 'Request Entity Too Large');
  const given = urlRequest(request, id, body);
  const [path] = splitTarget(given.target);
  const stage = stageOf(path, api.stages);
  const inStage = stage === DEFAULT_STAGE ? path : path.slice(`/${stage}`.length) || '/';
  const route = stage === undefined ? undefined : takenRoute(api.routes, given.method, inStage);
  if (stage === undefined || route === undefined) return refusal(404, 'Not Found');
  const { functionName } = route;
  const { host, port } = new URL(api.url);
  const { accountId, region } = access.place;
  // The permission is for the route's path with its variables, such as `/countries/{id}`, not for the request's path.
  const [, routePath = '/$default'] = route.routeKey.split(' ');
  const method = route.routeKey.startsWith('ANY ') ? '*' : given.method;
  const sourceArn = `arn:aws:execute-api:${region}:${accountId}:${api.id}/${stage}/${method}${routePath}`;
  if (access.isChecked) {
    try {
      requireInvoke(access, 'apigateway.amazonaws.com', sourceArn, functionName);
    } catch (error) {
      onFailure(functionName, `[HTTP API] ${error instanceof Error ? error.message : String(error)}`);
      return refusal(500, 'Internal Server Error');
    }
  }
  const event = apiEvent(given, { id: api.id, domainName: host, port }, { ...route, stage, accountId });
  if (Buffer.byteLength(JSON.stringify(event)) > MAX_EVENT_BYTES) return refusal(413, 'Request Entity Too Large');
  const result = await withinTimeout(functions.invoke(functionName, event), route.timeoutMs);
  if (result === undefined) {
    onFailure(
      functionName,
      `[HTTP API] the function did not answer within ${route.timeoutMs} ms, the timeout of the integration`,
    );
    return refusal(503, 'Service Unavailable');
  }
  const answer = urlResponse(result);
  if (answer.problem !== undefined) onFailure(functionName, `[HTTP API] ${answer.problem}`);
  if (answer.problem !== undefined) return refusal(500, 'Internal Server Error');
  return answer.status === 429 && !result.ok ? refusal(503, 'Service Unavailable') : answer;
}

/**
 * Undefined if a function doesn't answer in time. The function goes on. AWS doesn't document the answer; people report
 * 503 with this message (serverless/serverless#11222, anomalyco/sst#2232).
 */
async function withinTimeout<T>(answer: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The stage that a request reaches. A stage whose name begins the path takes precedence over `$default`. */
function stageOf(path: string, stages: readonly string[]): string | undefined {
  const first = path.split('/')[1];
  return stages.find((stage) => stage === first) ?? stages.find((stage) => stage === DEFAULT_STAGE);
}

function refusal(status: number, message: string): UrlResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ message })) };
}
