import type { ActionDocument } from '../../api/documents.ts';
import type { Answer } from './answer.ts';
import { type EventOutcome, outcomesOf } from './group-parked.ts';

/** A command of an action, and its answer as soon as there is one. */
export interface CommandRun {
  readonly title: string;
  readonly answer: Answer<ActionDocument> | undefined;
}

/** What a person asked for once: one entry of the log, with all its commands. */
export interface Entry {
  readonly id: number;
  readonly title: string;
  readonly commands: readonly CommandRun[];
}

/** The most entries that are kept although nobody needs to read them. */
const KEPT = 4;

/** Adds an entry at the beginning of the log, and removes the oldest ones that nobody needs to read. */
export function withEntry(
  log: readonly Entry[],
  { id, title, titles }: { readonly id: number; readonly title: string; readonly titles: readonly string[] },
): readonly Entry[] {
  const commands = titles.map((one) => ({ title: one, answer: undefined }));
  return trimmed([{ id, title, commands }, ...log]);
}

/** Notes the answer to a command of an entry. */
export function withAnswer(
  log: readonly Entry[],
  id: number,
  index: number,
  answer: Answer<ActionDocument>,
): readonly Entry[] {
  const noted = (entry: Entry) => ({
    ...entry,
    commands: entry.commands.map((one, at) => (at === index ? { ...one, answer } : one)),
  });
  return trimmed(log.map((entry) => (entry.id === id ? noted(entry) : entry)));
}

function trimmed(log: readonly Entry[]): readonly Entry[] {
  let done = 0;
  return log.filter((entry) => {
    if (isRunning(entry) || hasFailed(entry)) return true;
    done += 1;
    return done <= KEPT;
  });
}

/** Whether a command was run and ended with exit code 0. */
export function isDone(answer: Answer<ActionDocument> | undefined): boolean {
  return answer?.kind === 'document' && answer.document.exitCode === 0;
}

/** Whether a command of an entry has no answer yet. */
export function isRunning({ commands }: Entry): boolean {
  return commands.some(({ answer }) => answer === undefined);
}

function hasFailed(entry: Entry): boolean {
  return (
    entry.commands.some(({ answer }) => answer !== undefined && !isDone(answer)) ||
    entryOutcomes(entry).some(({ stays }) => stays)
  );
}

/** Whether an entry stays until the reader closes it: it failed, or it lists outcomes of events. */
export function needsReading(entry: Entry | undefined): boolean {
  return entry !== undefined && (isRunning(entry) || hasFailed(entry) || entryOutcomes(entry).length > 0);
}

/** The outcomes of the events of all commands of an entry; those of events that are still parked come first. */
export function entryOutcomes({ commands }: Entry): EventOutcome[] {
  const all = commands.flatMap(({ answer }) => (answer?.kind === 'document' ? outcomesOf(answer.document.result) : []));
  return [...all.filter(({ stays }) => stays), ...all.filter(({ stays }) => !stays)];
}
