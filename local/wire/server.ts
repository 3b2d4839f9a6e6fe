import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { MessagingError } from '../fifo/errors.ts';
import type { Messaging } from '../fifo/messaging.ts';
import { deniedRequest, type Guard, OPEN } from '../iam/check-request.ts';
import { cloudWatchNeeds } from '../iam/needs/cloudwatch.ts';
import { logsNeeds } from '../iam/needs/logs.ts';
import type { Place } from '../iam/needs/need.ts';
import { snsNeeds } from '../iam/needs/sns.ts';
import { sqsNeeds } from '../iam/needs/sqs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { cloudWatchRequest, snsRequest, sqsRequest } from '../ledger/wire-requests.ts';
import { answerCloudWatch, CLOUDWATCH_TARGET, type Watched } from './cloudwatch.ts';
import { cloudWatchDenial, snsDenial, sqsDenial } from './denials.ts';
import { type Answer, SNS_NAMESPACE, snsError, sqsError } from './errors.ts';
import { asInput } from './input.ts';
import { answerLambda, isForLambda } from './lambda.ts';
import type { Configurable, Mapped } from './lambda-request.ts';
import { closeAtOnce, listen } from './listen.ts';
import { answerLogs, LOGS_TARGET, type LogGroups, logGroupNameOf, logsDenial } from './logs.ts';
import { parseQuery } from './query.ts';
import { isOwnHost, json, readBody, tooLong } from './request.ts';
import { keepReplaying, runSns } from './sns.ts';
import { runSqs } from './sqs.ts';
import { element } from './xml.ts';

/** What an endpoint serves. */
export interface WireOptions {
  readonly messaging: Messaging;
  /** The port on 127.0.0.1. @default - a free port */
  readonly port?: number;
  /** Returns the functions that Lambda's operations reach. Called for each request. @default - no functions */
  readonly functions?: () => Configurable;
  /** Returns the event source mappings. Called for each request. @default - no mappings */
  readonly mappings?: () => Mapped;
  /**
   * Returns the metrics and alarms that CloudWatch's operations read. Called for each request.
   * @default - no CloudWatch
   */
  readonly cloudWatch?: () => Watched;
  /** Returns the logs that CloudWatch Logs' operations read. Called for each request. @default - no logs */
  readonly logs?: () => LogGroups;
  /** Checks the permissions of each request. @default - everything is allowed */
  readonly guard?: Guard;
  /** Called for each request that was carried out. @default - no ledger */
  readonly ledger?: Pick<Ledger, 'note'> | undefined;
}

/** A running endpoint. Pass `url` to AWS SDK clients as their `endpoint`. */
export interface Wire {
  readonly url: string;
  /** Closes all connections at once, including those of open long polls. */
  close(): Promise<void>;
}

/**
 * Serves queues, topics, functions, metrics and logs to unmodified AWS SDK clients: SQS and CloudWatch in AWS JSON 1.0,
 * CloudWatch Logs in AWS JSON 1.1, SNS in the AWS Query protocol, Lambda in REST. Sets `messaging.baseUrl`.
 */
export async function startWire({
  messaging,
  port = 0,
  functions = () => NO_FUNCTIONS,
  mappings = () => NO_MAPPINGS,
  cloudWatch,
  logs,
  guard = OPEN,
  ledger,
}: WireOptions): Promise<Wire> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void handle(request, response, { messaging, functions, mappings, cloudWatch, logs, guard, ledger });
  });
  const url = await listen(server, port);
  messaging.baseUrl = url;
  keepReplaying(messaging);
  return { url, close: () => closeAtOnce(server) };
}

const NO_FUNCTIONS: Configurable = {
  functions: () => [],
  invoke: (name) => Promise.reject(new Error(`there is no function ${name}`)),
  invokeLater() {},
  setReservedConcurrency() {},
  definition: (name) => {
    throw new Error(`there is no function ${name}`);
  },
  redeploy() {},
};

const NO_MAPPINGS: Mapped = { list: () => [], put: async () => {} };

type Services = Required<Omit<WireOptions, 'port' | 'cloudWatch' | 'logs' | 'ledger'>> & {
  readonly cloudWatch: WireOptions['cloudWatch'];
  readonly logs: WireOptions['logs'];
  readonly ledger: WireOptions['ledger'];
};

/** The ledger's name for the signer of a request. */
function callerOf({ guard }: Services, authorization: string | undefined): string {
  return guard.signerOf(authorization)?.functionName ?? 'client';
}

async function handle(request: IncomingMessage, response: ServerResponse, services: Services): Promise<void> {
  const answer = await answerTo(request, response, services);
  if (answer === undefined || response.destroyed) return;
  // An answer with status 204 has no body and no length.
  const length = answer.status === 204 ? {} : { 'content-length': Buffer.byteLength(answer.body) };
  response.writeHead(answer.status, { ...answer.headers, ...length }).end(answer.body);
}

/** Never throws. Returns undefined if the client disconnected. */
async function answerTo(
  request: IncomingMessage,
  response: ServerResponse,
  services: Services,
): Promise<Answer | undefined> {
  const { functions, mappings, cloudWatch, logs, guard, ledger } = services;
  if (!isOwnHost(request))
    return json(403, {
      message:
        'Only local clients are served: the Host header must be 127.0.0.1 or localhost, and an Origin header is refused.',
    });
  const body = await readBody(request);
  if (body === 'aborted') return undefined;
  if (body === 'tooLong') return tooLong();
  const target = request.headers['x-amz-target'];
  const { authorization } = request.headers;
  if (typeof target === 'string' && cloudWatch && target.startsWith(`${CLOUDWATCH_TARGET}.`)) {
    const operation = target.slice(CLOUDWATCH_TARGET.length + 1);
    const denial = deniedRequest(guard, authorization, (place) => cloudWatchNeeds(operation, place));
    if (denial) return cloudWatchDenial(denial);
    const answer = answerCloudWatch(operation, body.text, cloudWatch());
    if (answer.status === 200) ledger?.note(cloudWatchRequest(operation, callerOf(services, authorization), body.text));
    return answer;
  }
  if (typeof target === 'string' && logs && target.startsWith(`${LOGS_TARGET}.`)) {
    const operation = target.slice(LOGS_TARGET.length + 1);
    const needs = (place: Place) => logsNeeds(operation, logGroupNameOf(body.text), place);
    const denial = deniedRequest(guard, authorization, needs);
    return denial ? logsDenial(denial) : answerLogs(operation, body.text, logs);
  }
  if (typeof target === 'string') return answerSqs(target, body.text, services, request, response);
  if (isForLambda(request))
    return answerLambda(request, body.text, { functions: functions(), mappings: mappings() }, guard);
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
    return answerSns(body.text, services, authorization);
  return json(404, {
    message: `No service answers ${request.method} ${request.url}. Served: SQS, CloudWatch and CloudWatch Logs (JSON), SNS (Query), Lambda (REST).`,
  });
}

async function answerSqs(
  target: string,
  body: string,
  services: Services,
  { headers: { authorization } }: IncomingMessage,
  response: ServerResponse,
): Promise<Answer> {
  const { messaging, guard, ledger } = services;
  const [service, operation = ''] = target.split('.');
  const requestId = randomUUID();
  try {
    if (service !== 'AmazonSQS') throw new MessagingError('UnsupportedOperation', `${target} is not emulated.`);
    const untilClosed = () => signalOfClose(response);
    const input = asInput(JSON.parse(body === '' ? '{}' : body));
    const denial = deniedRequest(guard, authorization, (place) => sqsNeeds(operation, input, place));
    if (denial) return sqsDenial(denial);
    const output = await runSqs(operation, messaging, input, untilClosed);
    ledger?.note(sqsRequest(operation, callerOf(services, authorization), input, output));
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': requestId };
    return { status: 200, headers, body: JSON.stringify(output) };
  } catch (error) {
    const { headers, ...rest } = sqsError(...describe(error));
    return { ...rest, headers: { ...headers, 'x-amzn-requestid': requestId } };
  }
}

function answerSns(body: string, services: Services, authorization: string | undefined): Answer {
  const { messaging, guard, ledger } = services;
  const requestId = randomUUID();
  try {
    const input = parseQuery(body);
    const action = String(input.Action);
    const denial = deniedRequest(guard, authorization, (place) => snsNeeds(action, input, place));
    if (denial) return snsDenial(denial, requestId);
    const result = runSns(action, messaging, input);
    ledger?.note(snsRequest(action, callerOf(services, authorization), input));
    const metadata = element('ResponseMetadata', { RequestId: requestId });
    const inside = `<${action}Result>${result}</${action}Result>${metadata}`;
    const xml = `<${action}Response xmlns="${SNS_NAMESPACE}">${inside}</${action}Response>`;
    return { status: 200, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body: xml };
  } catch (error) {
    return snsError(...describe(error), requestId);
  }
}

/** Aborts when the client disconnects before the answer, or when the server closes the connection. */
function signalOfClose(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  if (response.destroyed) closed.abort();
  return closed.signal;
}

function describe(error: unknown): [{ code: string; message: string }, number] {
  if (error instanceof MessagingError) return [error, 400];
  if (error instanceof SyntaxError) return [{ code: 'SerializationException', message: error.message }, 400];
  return [{ code: 'InternalFailure', message: `Bug in the emulator: ${String(error)}` }, 500];
}
