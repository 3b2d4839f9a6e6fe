import type {
  DeployedCache,
  DeployedOwner,
  DeployedPostgresOwner,
} from 'freshet-aws/internal/adapters/aws/stack-output';
import type { Owner } from 'freshet-aws/internal/adapters/own/owner';
import type { Reader } from 'freshet-aws/internal/adapters/read/reader';
import type { Outcome } from 'freshet-aws/internal/core/outcome';
import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';
import type { Page } from 'freshet-aws/internal/core/read/read';
import type { ParkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import type { LocalCloud } from './cloud.ts';

/**
 * A function that `freshet up` calls as soon as the local cloud runs. It loads data and shows what the app does. Name
 * its module in package.json as `"freshet": { "story": "./story.ts" }`, and make the story the module's default export.
 * If the story throws, `freshet up` ends with exit code 1, so a story can check its claims.
 */
export type Story = (stage: Stage) => Promise<void>;

/** What a story works with. */
export interface Stage {
  /**
   * The local cloud. A story can wait until it is idle, can stop functions
   * (`cloud.functions.setReservedConcurrency(name, 0)`) and kill their invocations (`cloud.functions.kill(name)`).
   */
  readonly cloud: LocalCloud;
  /** The owners and caches that the app deployed into the local cloud. */
  readonly deployment: StoryDeployment;
  /** Tells the person at the terminal what the story does. */
  readonly report: Reporter;
  /**
   * Synthesises the app again with more context values, and changes the running cloud to it, as a second `cdk deploy`
   * does. Returns the deployment as it is then; use it in place of the first one, which is closed.
   *
   * @param context values that the app reads with `tryGetContext`
   * @throws FreshetError `SynthesisFailed` if the app fails
   */
  deploy(context: Readonly<Record<string, unknown>>): Promise<StoryDeployment>;
}

/** The owners and caches of an app, as a story uses them. */
export interface StoryDeployment {
  /** The owner of an entity type. @throws FreshetError `UnknownEntityType` that lists the owners and their types */
  ownerOf(type: string): Promise<StoryOwner>;
  /**
   * The cache of the boundary with this name.
   *
   * @throws FreshetError `UnknownCache` that lists the caches
   */
  cacheNamed(name: string): Promise<StoryCache>;
}

/** An owner, open for writing. */
export interface StoryOwner {
  readonly owner: Owner;
  /** The names of its tables, topics and functions. */
  readonly deployed: DeployedOwner | DeployedPostgresOwner;
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
   * A page of the events, in no particular order.
   *
   * @param options.cursor the `cursor` of the previous page
   * @param options.limit default 100
   */
  list(options?: { readonly cursor?: string | undefined; readonly limit?: number }): Promise<Page<ParkedEvent>>;
  /** Discards events. The key of an event is in its `message`. */
  remove(keys: readonly ParkedKey[]): Promise<void>;
}

/** Prints to the terminal what the story does: one line for each step, with the time that the step took. */
export interface Reporter {
  /** Prints a heading. */
  heading(text: string): void;
  /** Reports a step that is done. */
  step(text: string): void;
  /** Reports the progress of a long step. On a terminal, each line replaces the one before. */
  progress(text: string, done: number, total: number): void;
  /** Prints text as it is, such as a table. */
  print(text: string): void;
}
