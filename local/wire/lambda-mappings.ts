import * as z from 'zod/mini';
import type { MappingRequest, MappingState } from '../event-source-mappings.ts';
import { deniedRequest, type Guard } from '../iam/check-request.ts';
import { LOCAL_ACCOUNT_ID, LOCAL_REGION } from '../identity.ts';
import { lambdaDenial } from './denials.ts';
import type { Answer } from './errors.ts';
import { invalidParameter, lambdaAnswer, parsed, refusal } from './lambda-answers.ts';
import type { LambdaRequest, Mapped } from './lambda-request.ts';

export const MAPPING_OPERATIONS = ['GetEventSourceMapping', 'ListEventSourceMappings', 'UpdateEventSourceMapping'];

const PATH = /^\/2015-03-31\/event-source-mappings(?:\/([^/]*))?$/;

/** Answers a request about event source mappings; undefined for every other request. */
export async function answerMappings(
  path: string,
  asked: LambdaRequest,
  mappings: Mapped,
  guard: Guard,
): Promise<Answer | undefined> {
  const { method, headers } = asked.request;
  const found = PATH.exec(path);
  if (found === null) return undefined;
  const [, given = ''] = found;
  const ofOne = given === '' ? '' : method === 'GET' ? 'GetEventSourceMapping' : 'UpdateEventSourceMapping';
  const operation = method === 'GET' && given === '' ? 'ListEventSourceMappings' : isKnown(method) ? ofOne : '';
  if (operation === '') return undefined;
  const id = decodeURIComponent(given);
  const needs = () => [{ action: `lambda:${operation}`, resource: given === '' ? '*' : arnOf(id) }];
  const denial = deniedRequest(guard, headers.authorization, needs);
  if (denial) return lambdaDenial(denial);
  if (operation === 'ListEventSourceMappings') return list(asked, mappings);
  return operation === 'GetEventSourceMapping' ? get(id, mappings) : update(id, asked, mappings);
}

function isKnown(method: string | undefined): boolean {
  return method === 'GET' || method === 'PUT';
}

function get(id: string, mappings: Mapped): Answer {
  const found = mappings.list().find((one) => one.id === id);
  return found === undefined ? notFound() : lambdaAnswer(200, described(found));
}

function notFound(): Answer {
  const Message = 'The resource you requested does not exist.';
  return refusal(404, 'ResourceNotFoundException', { Type: 'User', Message });
}

function list({ query }: LambdaRequest, mappings: Mapped): Answer {
  const [source, name] = [query.get('EventSourceArn'), query.get('FunctionName')];
  const found = mappings
    .list()
    .filter(({ request }) => source === null || sourceOf(request) === source)
    .filter(({ request }) => name === null || request.functionName === name.slice(name.lastIndexOf(':') + 1));
  return lambdaAnswer(200, { EventSourceMappings: found.map(described) });
}

/** Other fields of UpdateEventSourceMapping are refused. */
const changes = z.strictObject({
  Enabled: z.optional(z.boolean()),
  BatchSize: z.optional(z.int().check(z.minimum(1), z.maximum(10))),
  ScalingConfig: z.optional(
    z.object({ MaximumConcurrency: z.optional(z.int().check(z.minimum(2), z.maximum(1_000))) }),
  ),
});

async function update(id: string, { body }: LambdaRequest, mappings: Mapped): Promise<Answer> {
  const found = mappings.list().find((one) => one.id === id);
  if (found === undefined) return notFound();
  const given = changes.safeParse(parsed(body)).data;
  if (given === undefined)
    return invalidParameter('Only valid values of Enabled, BatchSize and ScalingConfig are emulated.');
  const { Enabled: enabled = found.enabled, BatchSize: batchSize = found.request.batchSize, ScalingConfig } = given;
  const scaling = ScalingConfig === undefined ? {} : { maximumConcurrency: ScalingConfig.MaximumConcurrency };
  const size = batchSize === undefined ? {} : { batchSize };
  await mappings.put(id, enabled, { ...found.request, ...size, ...scaling } as MappingRequest);
  return lambdaAnswer(202, described({ ...found, enabled }));
}

/** lambda/latest/api/API_EventSourceMappingConfiguration */
function described({ id, enabled, request }: MappingState): object {
  return {
    UUID: id,
    EventSourceMappingArn: arnOf(id),
    EventSourceArn: sourceOf(request),
    FunctionArn: `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT_ID}:function:${request.functionName}`,
    State: enabled ? 'Enabled' : 'Disabled',
    StateTransitionReason: 'USER_INITIATED',
    BatchSize: request.batchSize,
  };
}

function sourceOf(request: MappingRequest): string {
  return request.kind === 'queue' ? request.queueArn : request.streamArn;
}

function arnOf(id: string): string {
  return `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT_ID}:event-source-mapping:${id}`;
}
