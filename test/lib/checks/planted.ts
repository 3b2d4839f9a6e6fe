import { App, CfnResource, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { lab, shelf } from '../../support/lab.ts';

/** Skips bundling, because the checks don't read the bundles. */
export const context = { 'aws:cdk:bundling-stacks': [] };

/** An owner and a cache in one stack `Test`, in which a test plants a bug. */
export interface Planted {
  readonly stack: Stack;
  readonly owner: EntityOwner;
  readonly cache: LocalCache;
  /** The subscription of the cache's queue, and the mappings of the relay and the projector. */
  readonly subscription: CfnResource;
  readonly relayMapping: CfnResource;
  readonly projectorMapping: CfnResource;
}

export function plantable(): Planted {
  const stack = new Stack(new App({ context }), 'Test');
  const owner = new EntityOwner(stack, 'Owner', { boundary: lab });
  const cache = new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner] });
  return {
    stack,
    owner,
    cache,
    subscription: resourceIn(cache.queue, 'AWS::SNS::Subscription'),
    relayMapping: resourceIn(owner.relay, 'AWS::Lambda::EventSourceMapping'),
    projectorMapping: resourceIn(cache.projector, 'AWS::Lambda::EventSourceMapping'),
  };
}

/** The construct's own resource, or the first resource of a type below the construct. */
export function resourceIn(construct: IConstruct, type?: string): CfnResource {
  const resources = construct.node.findAll().filter(CfnResource.isCfnResource);
  const found = resources.find((one) =>
    type === undefined ? one === construct.node.defaultChild : one.cfnResourceType === type,
  );
  if (found === undefined) throw new Error(`no resource ${type ?? ''} in ${construct.node.path}`);
  return found;
}

/** The problems that the checks report when the stack is synthesised. */
export function problemsIn({ owner, cache }: Planted): string[] {
  return [owner, cache].flatMap(({ node }) => node.validate());
}

/** The warnings of the checks. Call `problemsIn` first. */
export function warningsIn({ owner, cache }: Planted): string[] {
  return [owner, cache]
    .flatMap(({ node }) => node.metadata)
    .flatMap(({ type, data }) => (type === 'aws:cdk:warning' ? String(data) : []));
}
