import type { DeployedCache, DeployedOwner } from 'freshet-aws/internal/adapters/aws/stack-output';
import type { Owner } from 'freshet-aws/internal/adapters/own/owner';
import type { Reader } from 'freshet-aws/internal/adapters/read/reader';
import type { Outcome } from 'freshet-aws/internal/core/outcome';
import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';
import type { Page } from 'freshet-aws/internal/core/read/read';
import type { ParkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import type { LocalCloud } from './cloud.ts';

/**
 * What `freshet up` plays as soon as the local cloud runs: it loads data and shows what the app does. The file
 * package.json names its module as `"freshet": { "story": "./story.ts" }`, and the module exports the story as its
 * default. A story that throws ends `freshet up` with exit code 1, so it can check its claims.
 */
export type Story = (stage: Stage) => Promise<void>;

/** What a story works with. */
export interface Stage {
  /**
   * The local cloud. A story can wait until it is idle, and can stop functions:
   * `cloud.functions.setReservedConcurrency(name, 0)`.
   */
  readonly cloud: LocalCloud;
  /** The owners and caches that the app deployed into the local cloud. */
  readonly deployment: StoryDeployment;
  /** Tells the person at the terminal what the story does. */
  readonly report: Reporter;
}

/** The owners and caches of an app, as a story uses them. */
export interface StoryDeployment {
  /** The owner of an entity type. @throws FreshetError `UnknownEntityType` that lists who owns what */
  ownerOf(type: string): Promise<StoryOwner>;
  /**
   * The cache of a name, which is the name of its boundary.
   *
   * @throws FreshetError `UnknownCache` that lists the caches
   */
  cacheNamed(name: string): Promise<StoryCache>;
}

/** An owner, open for writing. */
export interface StoryOwner {
  readonly owner: Owner;
  /** The names of its tables, topics and functions. */
  readonly deployed: DeployedOwner;
}

/** A cache, open for reading. */
export interface StoryCache {
  readonly reader: Reader;
  /** The names of its table, queues and functions. */
  readonly deployed: DeployedCache;
  /** The events that the cache has parked or holds. */
  readonly parked: StoryParkedEvents;
  /**
   * How many events ended with each outcome.
   *
   * @param sinceMs how far back events are counted, in milliseconds; at most 15 days
   */
  outcomes(sinceMs: number): Promise<Readonly<Record<Outcome, number>>>;
}

/** The parked and held events of a cache. */
export interface StoryParkedEvents {
  /**
   * A page of the events, in no order.
   *
   * @param options.cursor the `cursor` of the page before
   * @param options.limit default 100
   */
  list(options?: { readonly cursor?: string | undefined; readonly limit?: number }): Promise<Page<ParkedEvent>>;
  /** Discards events. The `message` of an event has its key. */
  remove(keys: readonly ParkedKey[]): Promise<void>;
}

/** Tells the person at the terminal what is going on: one line a step, with the time that the step took. */
export interface Reporter {
  /** Begins a chapter. */
  heading(text: string): void;
  /** Reports a step that is done. */
  step(text: string): void;
  /** Reports how far a long step has come. On a terminal, the line is replaced by the next one. */
  progress(text: string, done: number, total: number): void;
  /** Prints text as it is, such as a table. */
  print(text: string): void;
}
