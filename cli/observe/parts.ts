import { callOf } from '../clients/patient.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { type Ask, rememberedFor } from './remembered.ts';
import { untilStalled } from './until-stalled.ts';

/** How often a part is read at most, in milliseconds. */
export interface Every {
  readonly localMs: number;
  readonly awsMs: number;
}

/** Each time that a part is asked for. */
export const ALWAYS: Every = { localMs: 0, awsMs: 0 };

/** The parts of a document. A part that can't be read leaves the others as they are. */
export interface Parts {
  /**
   * A part with one value for each of some things.
   *
   * @param name what it is, for people
   * @param ask reads the value of one thing, and says when it proceeds. If it rejects, or if nothing of the part is
   *   read for 20 s, the value is undefined
   */
  each<I, T>(
    name: string,
    things: readonly I[],
    every: Every,
    ask: (thing: I, nowMs: number, progress: () => void) => Promise<T>,
  ): Ask<readonly (T | undefined)[]>;
  /** A part with one value. */
  one<T>(name: string, every: Every, ask: (nowMs: number, progress: () => void) => Promise<T>): Ask<T | undefined>;
  /** The parts that could not be read when they were last read, with the reasons. */
  unread(): string[];
  /** Throws the error of a part if nothing at all could be read: the deployment can't be reached. */
  requireSome(): void;
}

/** A request may wait 10 s for its answer, and be tried again. */
const STALL_MS = 20_000;

/** The names that a part lists of the things that can't be read. */
const NAMES = 3;

interface Failure {
  readonly of: string | undefined;
  readonly error: Error;
}

interface PartState {
  readonly name: string;
  readonly count: number;
  failures: readonly Failure[];
}

/** Creates the parts of a document. @param stallMs how long a part may stand still */
export function createParts({ isLocal }: Pick<Deployment, 'isLocal'>, stallMs = STALL_MS): Parts {
  const states: PartState[] = [];

  const each: Parts['each'] = (name, things, { localMs, awsMs }, ask) => {
    const state: PartState = { name, count: things.length, failures: [] };
    states.push(state);
    return rememberedFor(isLocal ? localMs : awsMs, async (nowMs) => {
      const works = things.map((thing) => (progress: () => void) => ask(thing, nowMs, progress));
      const settled = await untilStalled(works, stallMs);
      state.failures = settled.flatMap((one, index) =>
        'error' in one ? [{ of: nameOf(things[index]), error: one.error }] : [],
      );
      return settled.map((one) => ('error' in one ? undefined : one.value));
    });
  };

  return {
    each,
    one(name, every, ask) {
      const values = each(name, [undefined], every, (_, nowMs, progress) => ask(nowMs, progress));
      return async (nowMs) => (await values(nowMs))[0];
    },
    unread: () => [...new Set(states.flatMap(unreadOf))],
    requireSome() {
      const [first] = states.flatMap(({ failures }) => failures);
      if (first !== undefined && states.every(({ failures, count }) => failures.length === count)) throw first.error;
    },
  };
}

function nameOf(thing: unknown): string | undefined {
  return typeof thing === 'object' && thing !== null && 'name' in thing ? String(thing.name) : undefined;
}

/** `queues of caches (ordering, billing and 3 more): SQS GetQueueAttributes: TimeoutError`, once for each reason. */
function unreadOf({ name, failures }: PartState): string[] {
  const byReason = new Map<string, string[]>();
  for (const { of, error } of failures) {
    const names = byReason.get(reasonOf(error)) ?? [];
    byReason.set(reasonOf(error), of === undefined ? names : [...names, of]);
  }
  return [...byReason].map(([reason, names]) => {
    const more = names.length > NAMES ? ` and ${names.length - NAMES} more` : '';
    const of = names.length === 0 ? '' : ` (${names.slice(0, NAMES).join(', ')}${more})`;
    return `${name}${of}: ${reason}`;
  });
}

/** The call and the name of a service's error; of any other error its code or its message. */
function reasonOf(error: Error): string {
  const call = callOf(error)?.replace(/ of .*/, '');
  if (call !== undefined) return `${call}: ${error.name}`;
  if (!['Error', 'NoAnswer'].includes(error.name)) return error.name;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
