import { describe, expect, test } from 'vitest';
import { type Following, followRuns, startRuns, tellUnfinished } from '../../../cli/commands/follow-run.ts';
import type { OpenCache } from '../../../cli/deployment/deployment.ts';
import type { Work } from '../../../cli/work.ts';
import { commandIo } from '../../support/command-io.ts';

/** A note as the loop sees it: the page that is awaited, when it was asked for, and whether all pages have come. */
interface Note {
  readonly seq: number;
  readonly askedAtMs: number;
  readonly index: number;
  readonly isRead?: boolean;
  readonly isDone?: boolean;
}

const MINUTE_MS = 60_000;

/** Follows runs on AWS in virtual time. The tests describe the notes and the backlog by the minute. */
async function follow(
  noteAt: (minute: number, type: string) => Note,
  backlogAt: (minute: number) => number = () => 0,
  types: readonly string[] = ['Country'],
  given: Partial<Following<Note>> = {},
  stop = new AbortController(),
) {
  let nowMs = 0;
  const minute = () => Math.floor(nowMs / MINUTE_MS);
  const clock = {
    now: () => nowMs,
    async pause() {
      nowMs += MINUTE_MS;
    },
  };
  const work = { deployment: { isLocal: false } as Work['deployment'], signal: stop.signal };
  const followed = await followRuns<Note>(work, types, {
    read: async (type) => noteAt(minute(), type),
    isDone: ({ isDone = false }) => isDone,
    isRead: ({ isRead = false }) => isRead,
    backlog: async () => backlogAt(minute()),
    onLook: () => {},
    wait: true,
    clock,
    ...given,
  });
  return { ...followed, minutes: minute() };
}

const page = (index: number, more: Partial<Note> = {}): Note => ({ seq: index, askedAtMs: 0, index, ...more });

describe('following the runs of a cache', () => {
  test('a run whose pages have all come is not still while the queue of its cache drains', async () => {
    const note = (minute: number) => page(9, { isRead: true, isDone: minute === 45 });
    expect(await follow(note, (minute) => 45 - minute)).toMatchObject({ running: [], isStill: false, minutes: 45 });
  });

  test('a run is still if the queue of its cache does not drain', async () => {
    const filling = await follow(
      () => page(9, { isRead: true }),
      (minute) => 100 + minute,
    );
    expect(filling).toMatchObject({ running: ['Country'], isStill: true, minutes: 11 });
  });

  test('a page that is asked for again in vain does not count as progress', async () => {
    const note = (minute: number): Note => ({ seq: Math.floor(minute / 5), askedAtMs: minute, index: 3 });
    expect(await follow(note)).toMatchObject({ isStill: true, minutes: 11 });
  });

  test('types are followed together, so that a slow type is not still while another one moves', async () => {
    const note = (minute: number, type: string) =>
      type === 'Country' ? page(minute, { isDone: minute >= 20 }) : page(1, { isDone: minute >= 25 });
    expect(await follow(note, undefined, ['Country', 'Currency'])).toMatchObject({ running: [], minutes: 25 });
  });

  test('a command that does not wait, or that is interrupted, reads the notes once', async () => {
    const once = await follow(() => page(7), undefined, ['Country'], { wait: false });
    expect([once.notes.get('Country')?.index, once.running, once.minutes]).toEqual([7, ['Country'], 0]);
    const stop = new AbortController();
    stop.abort();
    const stopped = await follow(() => page(7), undefined, ['Country'], {}, stop);
    expect([stopped.notes.get('Country')?.index, stopped.isStill]).toEqual([7, false]);
  });
});

describe('what is printed of runs that are not done', () => {
  const caches = { Country: { contract: { owner: 'geography' } } };
  const cache = { name: 'ordering', boundary: { caches } } as unknown as OpenCache;
  const deployment = { isLocal: false, place: 'AWS' } as Work['deployment'];

  test('a standstill names what stands still, its owner and the command that says why', () => {
    const io = commandIo();
    const work: Work = { io, deployment, signal: new AbortController().signal };
    const tell = (note: Note) =>
      tellUnfinished(
        work,
        cache,
        { notes: new Map([['Country', note]]), running: ['Country'], isStill: true },
        {
          isRead: ({ isRead = false }: Note) => isRead,
          notStarted: [],
          again: 'AGAIN',
          on: { stack: ['Ordering'] },
        },
      );
    tell(page(3));
    expect(io.err()).toContain('Country stands still: no page has come from geography to ordering for 10m\n');
    expect(io.err()).toMatch(/logs repair --errors --stack Ordering\n.*AWS; to follow it: AGAIN\n$/);
    tell(page(3, { isRead: true }));
    expect(io.err()).toContain('Country stands still: the queue of ordering has not drained for 10m\n');
  });

  test('after Ctrl-C, the types that were not started are named', async () => {
    const io = commandIo();
    const stop = new AbortController();
    const work: Work = { io, deployment, signal: stop.signal };
    const types = ['Country', 'Currency', 'Rate'];
    const started = await startRuns(work, types, 'backfill', async () => {
      stop.abort();
      return { run: 'r', isNew: true };
    });
    expect(started).toEqual(['Country']);
    tellUnfinished(
      work,
      cache,
      { notes: new Map(), running: started, isStill: false },
      {
        isRead: () => false,
        notStarted: types.slice(1),
        again: 'AGAIN',
        on: {},
      },
    );
    expect(io.err()).toBe('not started: Currency, Rate\nthe work goes on in AWS; to follow it: AGAIN\n');
  });
});
