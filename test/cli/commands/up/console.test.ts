import { describe, expect, test, vi } from 'vitest';
import { createUpConsole, type UpConsoleOptions } from '../../../../cli/commands/up/console.ts';
import type { PageFiles } from '../../../../cli/console/page-files.ts';
import type { Deployment } from '../../../../cli/deployment/deployment.ts';
import { commandIo } from '../../../support/command-io.ts';
import { PAGE } from '../../console/world.ts';

/** Deployments that nothing reads: only which one it is matters. */
const FIRST = { place: 'first' } as Deployment;
const SECOND = { place: 'second' } as Deployment;

function world(given: Partial<UpConsoleOptions> = {}) {
  const lines: string[] = [];
  const seen: string[] = [];
  const start: UpConsoleOptions['start'] = async (deployment, { port = 3737 }) => {
    seen.push(`start ${deployment.place}`);
    return {
      url: `http://127.0.0.1:${port}`,
      replace: ({ place }) => void seen.push(`replace ${place}`),
      close: async () => void seen.push('close'),
    };
  };
  const report = { print: (line: string) => void lines.push(line) };
  const console = createUpConsole(commandIo(), report, { load: async () => PAGE, start, ...given });
  return { console, lines, seen };
}

/** A page that is built when the test says so. */
function slowPage() {
  let done: (page: PageFiles) => void = () => {};
  let signal: AbortSignal | undefined;
  const load: UpConsoleOptions['load'] = (options) => {
    signal = options.signal;
    return new Promise((resolve, reject) => {
      done = resolve;
      options.signal.addEventListener('abort', () => reject(options.signal.reason));
    });
  };
  return { load, done: () => done(PAGE), isAborted: () => signal?.aborted };
}

describe('the console of freshet up', () => {
  test('a page that is built is served before the story begins', async () => {
    const { console, lines } = world({ port: 4444 });
    await Promise.resolve();
    await vi.waitFor(async () => {
      await console.open(FIRST);
      expect(lines[0]).toBe('console: http://127.0.0.1:4444');
    });
  });

  test('the story waits until the page is built and its address is printed', async () => {
    const page = slowPage();
    const { console, lines } = world(page);
    const opened = console.open(FIRST).then(() => lines.push('the story begins'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).toEqual([]);
    page.done();
    await opened;
    expect(lines).toEqual(['console: http://127.0.0.1:3737', 'the story begins']);
  });

  test('a page whose build takes too long delays nothing more, and is served once it is built', async () => {
    const page = slowPage();
    const { console, lines, seen } = world({ ...page, waitMs: 1 });
    await console.open(FIRST);
    expect(lines).toEqual(["  the console's page is still being built; its address follows"]);
    console.replace(SECOND);
    page.done();
    await vi.waitFor(() => expect(lines[1]).toEqual('console: http://127.0.0.1:3737'));
    expect(seen[0]).toBe('start second');
  });

  test('a build that fails is one line, and nothing else fails', async () => {
    const { console, lines, seen } = world({ load: () => Promise.reject(new Error("the page can't be built: x")) });
    await console.open(FIRST);
    await vi.waitFor(() => expect(lines).toEqual(["  ! no console: the page can't be built: x"]));
    console.replace(SECOND);
    await console.close();
    expect(seen).toEqual([]);
  });

  test('a port that is taken is one line, and nothing else fails', async () => {
    const { console, lines } = world({ start: () => Promise.reject(new Error('port 1 is taken')) });
    await console.open(FIRST);
    await vi.waitFor(() => expect(lines).toEqual(['  ! no console: port 1 is taken']));
    await console.close();
  });

  test('the console reads the new deployment after a deployment, and ends with the local cloud', async () => {
    const { console, lines, seen } = world();
    await console.open(FIRST);
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    console.replace(SECOND);
    await console.close();
    expect(seen).toEqual(['start first', 'replace second', 'close']);
  });

  test('an end during the build ends the build, without a line', async () => {
    const page = slowPage();
    const { console, lines, seen } = world(page);
    const opened = console.open(FIRST);
    await console.close();
    await opened;
    expect(page.isAborted()).toBe(true);
    expect([lines, seen]).toEqual([[], []]);
  });
});
