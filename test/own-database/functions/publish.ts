import { publisherFromEnvironment } from '../../../package/index.ts';
import { parts } from '../contracts.ts';

const publisher = publisherFromEnvironment({ boundary: parts });

interface Version {
  readonly id: string;
  readonly version: number;
  readonly state?: { readonly name: string };
}

/** Publishes a version, as the owner's outbox does. */
export const handler = ({ id, version, state }: Version) =>
  state === undefined ? publisher.publishDeletion('Part', id, version) : publisher.publish('Part', id, version, state);
