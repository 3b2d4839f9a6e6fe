import { expect, test } from 'vitest';
import { createConnection, oneAtATime, whatToDoAbout } from '../../../../cli/console/page/pure/connection.ts';

function world() {
  const open: { lost: () => void; isClosed: boolean }[] = [];
  const waiting = new Set<() => void>();
  const connection = createConnection(
    (lost) => {
      const one = { lost, isClosed: false };
      open.push(one);
      return () => {
        one.isClosed = true;
      };
    },
    (then) => {
      waiting.add(then);
      return () => waiting.delete(then);
    },
  );
  const fire = () => {
    for (const then of [...waiting]) {
      waiting.delete(then);
      then();
    }
  };
  return { connection, open, waiting, fire };
}

test('a page that is hidden holds no connection, and a visible one holds exactly one', () => {
  const { connection, open } = world();
  connection.setVisible(true);
  connection.setVisible(true);
  expect(open.map(({ isClosed }) => isClosed)).toEqual([false]);
  connection.setVisible(false);
  connection.setVisible(true);
  expect(open.map(({ isClosed }) => isClosed)).toEqual([true, false]);
});

test('a connection that the server ended is opened again later, but not while the page is hidden', () => {
  const { connection, open, waiting, fire } = world();
  connection.setVisible(true);
  open[0]?.lost();
  fire();
  expect(open.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  open[1]?.lost();
  connection.setVisible(false);
  expect(waiting.size).toBe(0);
  connection.setVisible(true);
  expect(open).toHaveLength(3);
});

test('a connection that was closed already opens no second one when it is lost', () => {
  const { connection, open, waiting } = world();
  connection.setVisible(true);
  connection.setVisible(false);
  open[0]?.lost();
  expect(waiting.size).toBe(0);
});

test('readings follow each other: calls during a reading lead to one more reading after it', async () => {
  const ends: (() => void)[] = [];
  const read = oneAtATime(() => new Promise<void>((end) => ends.push(end)));
  const first = read();
  const [second, third] = [read(), read()];
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await first;
  expect(ends).toHaveLength(2);
  ends[1]?.();
  await Promise.all([second, third]);
  await Promise.all([read(), ends[2]?.()]);
  expect(ends).toHaveLength(3);
});

test('a reading after one that failed is made', async () => {
  let count = 0;
  const read = oneAtATime(async () => {
    count += 1;
    throw new Error('broken');
  });
  await expect(read()).rejects.toThrow('broken');
  await expect(read()).rejects.toThrow('broken');
  expect(count).toBe(2);
});

test('a page of another instance of the console is loaded again, unless that would lose a draft', () => {
  expect(whatToDoAbout(undefined, 'a', false)).toBe('stay');
  expect(whatToDoAbout('a', 'a', true)).toBe('stay');
  expect(whatToDoAbout('a', 'b', false)).toBe('reload');
  expect(whatToDoAbout('a', 'b', true)).toBe('offer');
});
