import type { ActionDocument, ActionInputs, ActionName } from '../../api/documents.ts';
import { type Entry, isDone, needsReading, withAnswer, withEntry } from '../pure/action-entries.ts';
import type { Answer } from '../pure/answer.ts';
import { live } from './live.ts';
import { act } from './request.ts';
import { storeOf, useStore } from './store.ts';

/** The newest actions, the newest first. An action that failed stays until the reader closes it. */
export const doneActions = storeOf<readonly Entry[]>([]);

/** How long the outcome of an action is shown that was done and needs no reading. */
const SHOWN_MS = 10_000;

/** Grows with each entity that was written from this page. */
export const written = storeOf(0);

let lastId = 0;

/** A command of an action. */
export interface Step<Name extends ActionName> {
  readonly title: string;
  readonly input: ActionInputs[Name];
}

/** Runs a command and shows its outcome. Returns the answer. */
export async function run<Name extends ActionName>(
  title: string,
  name: Name,
  input: ActionInputs[Name],
): Promise<Answer<ActionDocument>> {
  const [answer] = await runAll(title, name, [{ title, input }]);
  return answer ?? { kind: 'failed', message: 'The action has no command.' };
}

/** Runs the commands of one action, one after the other, and shows their outcomes as one. Returns the answers. */
export async function runAll<Name extends ActionName>(
  title: string,
  name: Name,
  steps: readonly Step<Name>[],
): Promise<readonly Answer<ActionDocument>[]> {
  if (steps.length === 0) return [];
  lastId += 1;
  const id = lastId;
  doneActions.set(withEntry(doneActions.get(), { id, title, titles: steps.map((step) => step.title) }));
  const answers: Answer<ActionDocument>[] = [];
  for (const [index, { input }] of steps.entries()) {
    const answer = await act(name, input);
    answers.push(answer);
    doneActions.set(withAnswer(doneActions.get(), id, index, answer));
  }
  if ((name === 'put' || name === 'delete') && answers.some(isDone)) written.set(written.get() + 1);
  if (!needsReading(doneActions.get().find((one) => one.id === id))) setTimeout(() => dismiss(id), SHOWN_MS);
  return answers;
}

/** Removes an action from those that are shown. */
export function dismiss(id: number): void {
  doneActions.set(doneActions.get().filter((one) => one.id !== id));
}

/** Whether the console may run a command. */
export function useMay(name: ActionName): boolean {
  return useStore(live, ({ deployment }) => deployment?.actions.includes(name) ?? false);
}
