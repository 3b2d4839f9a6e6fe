import type { Deployment } from '../../deployment/deployment.ts';
import { type Ask, rememberedFor } from '../../observe/remembered.ts';
import { createSlots } from '../../observe/slots.ts';

/** How often a part is read at most, in milliseconds. */
export interface Every {
  readonly localMs: number;
  readonly awsMs: number;
}

/** The parts of a document that is read again and again. A part that can't be read leaves the others as they are. */
export interface Parts {
  /**
   * A part with one value for each of some things.
   *
   * @param name what it is, for people
   * @param ask reads the value of one thing. If it rejects, the value is undefined
   */
  each<I, T>(
    name: string,
    things: readonly I[],
    every: Every,
    ask: (thing: I, nowMs: number) => Promise<T>,
  ): Ask<readonly (T | undefined)[]>;
  /** A part with one value. */
  one<T>(name: string, every: Every, ask: Ask<T>): Ask<T | undefined>;
  /** The parts that could not be read when they were last read, with the reasons. */
  unread(): string[];
  /** Throws the error of a part if nothing at all could be read: the deployment can't be reached. */
  requireSome(): void;
}

/** Things of all parts together that are read at the same time. Each takes one request or a few. */
const AT_ONCE = 8;

interface PartState {
  readonly name: string;
  readonly count: number;
  failures: readonly Error[];
}

/** Creates the parts of a document. */
export function createParts({ isLocal }: Pick<Deployment, 'isLocal'>): Parts {
  const states: PartState[] = [];
  const slots = createSlots(AT_ONCE);

  const each: Parts['each'] = (name, things, { localMs, awsMs }, ask) => {
    const state: PartState = { name, count: things.length, failures: [] };
    states.push(state);
    return rememberedFor(isLocal ? localMs : awsMs, async (nowMs) => {
      const failures: Error[] = [];
      const read = async (thing: (typeof things)[number]) => {
        try {
          return await ask(thing, nowMs);
        } catch (error) {
          failures.push(error instanceof Error ? error : new Error(String(error)));
          return undefined;
        }
      };
      const values = await Promise.all(things.map((thing) => slots(() => read(thing))));
      state.failures = failures;
      return values;
    });
  };

  return {
    each,
    one(name, every, ask) {
      const values = each(name, [name], every, (_, nowMs) => ask(nowMs));
      return async (nowMs) => (await values(nowMs))[0];
    },
    unread: () => [
      ...new Set(states.flatMap(({ name, failures }) => failures.map((error) => `${name}: ${reasonOf(error)}`))),
    ],
    requireSome() {
      const [first] = states.flatMap(({ failures }) => failures);
      if (first !== undefined && states.every(({ failures, count }) => failures.length === count)) throw first;
    },
  };
}

/** The name of a service's error; of any other error its code or its message. */
function reasonOf(error: Error): string {
  if (error.name !== 'Error') return error.name;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
