import { expect, test } from 'vitest';
import { refresh } from '../../../../cli/commands/watch/refresh.ts';

/** Looks that fail where there is no view. Returns the views that were shown. */
async function shown(views: readonly (string | undefined)[], count: number, maxFailures = 3): Promise<string[]> {
  const left = [...views];
  const all: string[] = [];
  await refresh({
    look: async () => {
      const view = left.shift();
      if (view === undefined) throw new Error('refused');
      return view;
    },
    show: (view) => void all.push(view),
    count,
    intervalMs: 0,
    maxFailures,
    signal: new AbortController().signal,
  });
  return all;
}

test('a failed look is skipped and does not count as one of the views that were asked for', async () => {
  expect(await shown(['a', undefined, undefined, 'b', 'unseen'], 2)).toEqual(['a', 'b']);
});

test('the third failure in a row ends the refreshing with its error, also if only one view was asked for', async () => {
  await expect(shown([], 1)).rejects.toThrow('refused');
  await expect(shown(['a', undefined, undefined, undefined], 2)).rejects.toThrow('refused');
});

test('with a limit of one, the first failure ends the refreshing', async () => {
  await expect(shown([undefined, 'unseen'], 1, 1)).rejects.toThrow('refused');
});

test('an aborted look shows nothing and throws nothing', async () => {
  const stop = new AbortController();
  const look = async () => {
    stop.abort();
    throw new Error('aborted');
  };
  const views: string[] = [];
  const show = (view: string) => void views.push(view);
  await refresh({ look, show, count: undefined, intervalMs: 0, maxFailures: 1, signal: stop.signal });
  expect(views).toEqual([]);
});
