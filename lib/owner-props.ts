import type { Boundary } from '../core/contract.ts';
import type { DataProtectionProps } from './data-protection.ts';
import type { MaySlow } from './flow-control.ts';

/** What every owner is told, whether its table is Freshet's or its database is another. */
export interface OwnerProps extends DataProtectionProps {
  /** The boundary that owns the entity types; its module is bundled into the functions. */
  readonly boundary: Boundary;
  /**
   * The caches that may slow the owner's writers when they lag, by their boundary's name, and the backlog at which writes are refused; from
   * half of it they are paced. A cache that isn't named here may fall behind by itself.
   * @default - none
   */
  readonly maySlowOwner?: Readonly<Record<string, MaySlow>>;
  /**
   * Accounts whose caches may subscribe to the topic, ask for an entity's state and report their backlog: 12 digits each, 49 at most. Caches of
   * the owner's own account need no entry. They are trusted: a report says itself which cache it is of, and all entity types can be
   * subscribed to. See docs/deploy.md.
   * @default - none
   */
  readonly consumerAccounts?: readonly string[];
  /**
   * Whether the topic's throughput ends with the account's quota (30,000 messages a second in us-east-1, 300 in a message group) rather than at
   * 3,000 messages a second or 20 MB/s. It can't be taken back (sns/fifo-high-throughput, 2026-11-23).
   * @default false
   */
  readonly highThroughput?: boolean;
}
