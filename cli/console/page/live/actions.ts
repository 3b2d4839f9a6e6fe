import type { ActionDocument, ActionInputs, ActionName } from '../../api/documents.ts';
import { outcomesOf } from '../pure/group-parked.ts';
import { live } from './live.ts';
import { type Answer, act } from './request.ts';
import { storeOf, useStore } from './store.ts';

/** An action that was asked for, and its answer as soon as there is one. */
export interface Done {
  readonly id: number;
  readonly title: string;
  readonly answer: Answer<ActionDocument> | undefined;
}

/** The newest actions, the newest first. The outcome of an action that failed stays until the reader closes it. */
export const doneActions = storeOf<readonly Done[]>([]);

const KEPT = 4;
/** How long the outcome of an action is shown that was done and needs no reading. */
const SHOWN_MS = 10_000;

/** Grows with each entity that was written from this page. */
export const written = storeOf(0);

let lastId = 0;

/** Runs a command and shows its outcome. Returns the answer. */
export async function run<Name extends ActionName>(
  title: string,
  name: Name,
  input: ActionInputs[Name],
): Promise<Answer<ActionDocument>> {
  lastId += 1;
  const id = lastId;
  doneActions.set([{ id, title, answer: undefined }, ...doneActions.get()].slice(0, KEPT));
  const answer = await act(name, input);
  doneActions.set(doneActions.get().map((one) => (one.id === id ? { ...one, answer } : one)));
  if (isDone(answer)) {
    if (name === 'put' || name === 'delete') written.set(written.get() + 1);
    if (answer.kind === 'document' && outcomesOf(answer.document.result).length === 0)
      setTimeout(() => dismiss(id), SHOWN_MS);
  }
  return answer;
}

/** Removes an action from those that are shown. */
export function dismiss(id: number): void {
  doneActions.set(doneActions.get().filter((one) => one.id !== id));
}

/** Whether an action was done: its command ended with exit code 0. */
export function isDone(answer: Answer<ActionDocument>): boolean {
  return answer.kind === 'document' && answer.document.exitCode === 0;
}

/** Whether the console may run a command. */
export function useMay(name: ActionName): boolean {
  return useStore(live, ({ deployment }) => deployment?.actions.includes(name) ?? false);
}
