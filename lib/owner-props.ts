import type { Boundary } from '../core/contract/contract.ts';
import type { DataProtectionProps } from './data-protection.ts';
import type { MaySlow } from './flow-control.ts';

/** Props of every owner: `EntityOwner` with a DynamoDB table of Freshet's, or `ChangeTopic` with another database. */
export interface OwnerProps extends DataProtectionProps {
  /** The boundary that owns the entity types. Its module is bundled into the functions. */
  readonly boundary: Boundary;
  /**
   * The caches that may slow the owner's writers when they lag, by the name of their boundary: `{ ordering: {} }`.
   * Writes are refused at the cache's `highWater`, and paced from half of it. A cache that isn't listed lags without
   * any effect on writers.
   * @default - none
   */
  readonly maySlowOwner?: Readonly<Record<string, MaySlow>>;
  /**
   * Ids of the accounts whose caches may subscribe to the topic, request an entity's state and report their backlog: 12
   * digits each, at most 49. Caches in the owner's own account need no entry. List only accounts that you trust: a
   * report names its own cache, and a listed account can subscribe to all entity types. See docs/deploy.md.
   * @default - none
   */
  readonly consumerAccounts?: readonly string[];
  /**
   * Whether only the account's quota limits the topic's throughput (in us-east-1: 30,000 messages a second, 300 in a
   * message group). Otherwise the topic is limited to 3,000 messages a second or 20 MB/s. You can't set it back to
   * false later (sns/fifo-high-throughput, 2026-11-23).
   * @default false
   */
  readonly highThroughput?: boolean;
  /**
   * Whether large states are compressed in events as soon as every cache has reported that it reads them. Without it,
   * only a state that doesn't fit into a message otherwise is compressed. Set it to false if something other than a
   * cache of Freshet subscribes to the topic, and before you set a cache back to a release that doesn't read compressed
   * events, see docs/compatibility.md.
   * @default true
   */
  readonly compressEvents?: boolean;
}
