import { expect, test } from 'vitest';
import type { ActionDocument } from '../../../../cli/console/api/documents.ts';
import {
  type Entry,
  entryOutcomes,
  needsReading,
  withAnswer,
  withEntry,
} from '../../../../cli/console/page/pure/action-entries.ts';
import type { Answer } from '../../../../cli/console/page/pure/answer.ts';

function answer(part: Partial<ActionDocument>): Answer<ActionDocument> {
  return { kind: 'document', document: { command: 'freshet x', exitCode: 0, result: null, message: '', ...part } };
}

const begin = (log: readonly Entry[], id: number, titles = ['one']) => withEntry(log, { id, title: `a${id}`, titles });
const done = (log: readonly Entry[], id: number) => withAnswer(log, id, 0, answer({}));

test('an entry collects the answers of all commands of one action, in their order', () => {
  let log = begin([], 1, ['first', 'second']);
  log = withAnswer(log, 1, 1, answer({ message: 'b' }));
  log = withAnswer(log, 1, 0, answer({ message: 'a' }));
  expect(log).toHaveLength(1);
  const messages = log[0]?.commands.map(({ title, answer }) => [
    title,
    answer?.kind === 'document' && answer.document.message,
  ]);
  expect(messages).toEqual([
    ['first', 'a'],
    ['second', 'b'],
  ]);
});

test('of the actions that are done, the newest four stay', () => {
  let log: readonly Entry[] = [];
  for (let id = 1; id <= 6; id += 1) log = done(begin(log, id), id);
  expect(log.map(({ id }) => id)).toEqual([6, 5, 4, 3]);
});

test('newer actions never remove one that failed, that runs, or that left events parked', () => {
  let log: readonly Entry[] = withAnswer(begin([], 1), 1, 0, { kind: 'failed', message: 'no answer' });
  log = withAnswer(begin(log, 2), 2, 0, answer({ exitCode: 75 }));
  log = begin(log, 3);
  const stays = { events: [{ key: 'k', outcome: 'parked', stays: true }] };
  log = withAnswer(begin(log, 4), 4, 0, answer({ result: stays }));
  for (let id = 5; id <= 12; id += 1) log = done(begin(log, id), id);
  expect(log.map(({ id }) => id)).toEqual([12, 11, 10, 9, 4, 3, 2, 1]);
});

test('an action needs reading if a command failed or lists outcomes of events', () => {
  const entry = (one: Answer<ActionDocument>) => withAnswer(begin([], 1), 1, 0, one)[0];
  expect(needsReading(entry(answer({})))).toBe(false);
  expect(needsReading(entry(answer({ exitCode: 1 })))).toBe(true);
  expect(needsReading(entry(answer({ result: { events: [{ key: 'k', outcome: 'applied' }] } })))).toBe(true);
  expect(needsReading(undefined)).toBe(false);
});

test('the outcomes of the events of all commands are one list', () => {
  const result = (count: number, from: string) => ({
    events: Array.from({ length: count }, (_, n) => ({ key: `${from}${n}`, outcome: 'applied', stays: false })),
  });
  let log = begin([], 1, ['first', 'second']);
  log = withAnswer(log, 1, 0, answer({ result: result(1_000, 'a') }));
  log = withAnswer(log, 1, 1, answer({ result: result(1, 'b') }));
  const outcomes = log[0] === undefined ? [] : entryOutcomes(log[0]);
  expect(outcomes).toHaveLength(1_001);
  expect(outcomes.at(-1)?.key).toBe('b0');
});
