import type { Findings, Parked } from './findings.ts';

/** Why an entity is in a cache as it is. `stopped` to `lost` are reasons why the newest version isn't there. */
export const VERDICTS = [
  'current',
  'deleted',
  'not-kept',
  'owner-elsewhere',
  'unknown',
  'unowned',
  'ahead',
  'different',
  'damaged',
  'stopped',
  'parked',
  'not-published',
  'adopter-stopped',
  'relay-stopped',
  'relay-silent',
  'projector-stopped',
  'in-queue',
  'gap',
  'dead-letter',
  'not-filled',
  'on-the-way',
  'discarded',
  'lost',
] as const;

/** Why an entity is in a cache as it is, and what to do. */
export interface Verdict {
  readonly verdict: (typeof VERDICTS)[number];
  /** False if the verdict is only likely: the messages in a queue can't be searched. */
  readonly isCertain: boolean;
  readonly explanation: string;
  /** What mends it, in this order. */
  readonly mend: readonly Step[];
}

/** A step of a repair: a `freshet` command with its options, and its arguments; or a text. */
export type Step = { readonly command: string; readonly args: readonly string[] } | { readonly text: string };

/** The owner in the findings. */
export type FoundOwner = NonNullable<Findings['owner']>;

/** A step that is a command. @param text a `freshet` command with its options */
export const command = (text: string, ...args: readonly string[]): Step => ({ command: text, args });

/** A verdict that follows from what was found. */
export function certain(verdict: Verdict['verdict'], explanation: string, mend: readonly Step[] = []): Verdict {
  return { verdict, isCertain: true, explanation, mend };
}

/** A verdict that follows from what was not found. */
export function likely(verdict: Verdict['verdict'], explanation: string, mend: readonly Step[] = []): Verdict {
  return { verdict, isCertain: false, explanation, mend };
}

/** The end of a sentence: why an event was parked. */
export function because(parked: Parked | undefined): string {
  return parked === undefined ? '.' : `: ${parked.reason}: ${parked.explanation.replace(/\.?$/, '.')}`;
}
