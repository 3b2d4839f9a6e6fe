import { expect, test } from 'vitest';
import { resultWords, writtenVersion } from '../../../../cli/console/page/pure/command-result.ts';

const entity = { type: 'Country', id: 'FR' };

test('the version after a write is the one that the command printed', () => {
  expect(writtenVersion({ outcome: 'changed', entity, version: 4 })).toBe(4);
  expect(writtenVersion({ outcome: 'unchanged', entity, version: 3 })).toBe(3);
  for (const other of [null, 'text', {}, { version: 1.5 }, { outcome: 'unknown', entity, version: 0 }])
    expect(writtenVersion(other)).toBeUndefined();
});

test('the outcome of a write or of a release is said in words', () => {
  expect(resultWords({ outcome: 'created', version: 1 })).toBe('created, version 1');
  expect(resultWords({ outcome: 'unchanged', version: 3 })).toBe('nothing changed, version 3');
  expect(resultWords({ outcome: 'unknown', version: 0 })).toBe('the entity has never existed');
  expect(resultWords({ status: 'released', events: [] })).toBe('released');
  expect(resultWords({ status: 'still-stopped', reason: 'invalid' })).toBe('still stopped: invalid');
  expect(resultWords({ status: 'not-stopped' })).toBe('the entity was not stopped');
  for (const other of [null, 7, {}, { status: 'ready' }, { outcome: '__proto__', version: 1 }])
    expect(resultWords(other)).toBeUndefined();
});
