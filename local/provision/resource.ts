import { createHash } from 'node:crypto';
import type { CloudWatch } from '../cloudwatch/cloudwatch.ts';
import type { EngineClient } from '../engine/client.ts';
import type { EventSourceMappings } from '../event-source-mappings.ts';
import type { Messaging } from '../fifo/messaging.ts';
import type { Access } from '../iam/access.ts';
import type { FunctionHost } from '../lambda/host.ts';
import type { FunctionUrls } from '../wire/function-url.ts';
import type { HttpApis } from '../wire/http-api.ts';
import type { Resource, Stack } from './assembly.ts';

/** The parts of the local cloud in which resources are created. */
export interface ProvisionTarget {
  readonly region: string;
  readonly accountId: string;
  readonly engine: EngineClient;
  /** Whether tables may exist already, because the engine kept them. @default false */
  readonly keepsTables?: boolean;
  /** Reserved concurrencies that replace those of the template. @default - none */
  readonly keptConcurrency?: ReadonlyMap<string, number | undefined>;
  readonly messaging: Messaging;
  readonly functions: FunctionHost;
  readonly access: Access;
  readonly functionUrls: Pick<FunctionUrls, 'add'>;
  readonly httpApis: Omit<HttpApis, 'close'>;
  readonly cloudWatch: Pick<CloudWatch, 'alarms' | 'insightRules' | 'schedules' | 'asyncInvocations'>;
  readonly mappings: Pick<EventSourceMappings, 'put' | 'remove'>;
}

/** A resource to create, with resolved properties. */
export interface ResourceRequest {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly resource: Resource;
  readonly properties: unknown;
  readonly target: ProvisionTarget;
  /** What the resource was before. Its handler then changes it. @default - the resource is new */
  readonly before?: Provisioned | undefined;
}

/** The values of `Ref` and `Fn::GetAtt` for a resource. */
export interface Provisioned {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Parts of the resource that the local cloud doesn't know. @default - none */
  readonly leftOut?: readonly string[];
}

/** Thrown for a change of a resource that only its replacement could bring about. The resource stays as it was. */
export class CannotChange extends Error {
  override readonly name = 'CannotChange';
}

/** Creates one resource, or changes what it was before. Throws `NotEmulated` for a resource to leave out. */
export type ResourceHandler = (request: ResourceRequest) => Promise<Provisioned> | Provisioned;

/** A name, similar to CloudFormation's, for a resource that the template gives no name. It is the same every time. */
export function physicalName({ stack, logicalId }: ResourceRequest, longest: number, suffix = ''): string {
  const name = `${stack.name}-${logicalId}`;
  const room = longest - suffix.length;
  if (name.length <= room) return name + suffix;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, room - digest.length - 1)}-${digest}${suffix}`;
}

/** The ARN of a stack, which CloudFormation calls its id. */
export function stackIdOf(name: string, region: string, accountId: string): string {
  return `arn:aws:cloudformation:${region}:${accountId}:stack/${name}/local`;
}
