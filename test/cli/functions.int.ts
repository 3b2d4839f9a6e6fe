import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Depot, expectRefusal, startDepot } from './depot/world.ts';

let depot: Depot;
const slow = { timeout: 120_000 };

beforeAll(async () => {
  depot = await startDepot();
}, 120_000);
afterAll(() => depot?.stop());

const projector = () => depot.cache('lenient').deployed.projector;

describe('freshet stop and freshet start', slow, () => {
  test('freshet stop stops a function: its messages wait, an invocation is throttled, and freshet start lets it process them', async () => {
    const stopped = await depot.runAlone('stop', 'lenient/cache/projector');
    expect(stopped).toMatchObject({ code: 0, err: '' });
    expect(stopped.out).toMatch(new RegExp(`^${projector()} is stopped\nTo start it again: .*start ${projector()}\n$`));

    await depot.owner.owner.put('Item', 'waiting', { name: 'one' });
    await depot.cloud.idle();
    expect(await depot.cache('lenient').records.get({ type: 'Item', id: 'waiting' })).toBeUndefined();
    expect(await depot.cloud.functions.invoke(projector(), {})).toMatchObject({ ok: false, error: 'Throttled' });

    const started = await depot.json('start', projector());
    expect(started).toEqual({ code: 0, result: { function: projector(), state: 'running', changed: true } });
    await depot.cloud.idle();
    expect(await depot.cache('lenient').records.get({ type: 'Item', id: 'waiting' })).toMatchObject({ version: 1 });
  });

  test('freshet stop and freshet start say that a function is already in the wanted state', async () => {
    expect((await depot.run('start', projector())).out).toBe(`${projector()} was already running\n`);
    expect((await depot.json('stop', projector())).result).toMatchObject({ state: 'stopped', changed: true });
    expect((await depot.json('stop', projector())).result).toMatchObject({ state: 'stopped', changed: false });
    await depot.run('start', projector());
  });

  test('freshet stop and freshet rehearse work on the local cloud even if the environment names stacks on AWS', async () => {
    vi.stubEnv('FRESHET_STACK', 'Production');
    try {
      const { code, out, err } = await depot.run('stop', projector());
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain(`${projector()} is stopped`);
      expect(await depot.run('rehearse', '--undo')).toMatchObject({ code: 0, err: '' });
      expect(await depot.run('start', projector())).toMatchObject({ code: 0, err: '' });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test.each([
    ['an unknown name', ['stop', 'nobody'], ['no function\'s name contains "nobody"', 'Functions:\n']],
    ['a name of several functions', ['stop', 'projector'], ['the names of 2 functions', 'lenient-', 'strict-']],
    ['a missing name', ['start'], ["missing required argument 'name'"]],
    ['a stack on AWS', ['stop', 'x', '--stack', 'Depot'], ["unknown option '--stack'"]],
  ] as const)('%s is refused with exit code 2', async (...refusal) => {
    await expectRefusal(depot, refusal);
  });

  test('freshet status and freshet watch name the functions that are stopped', async () => {
    const { repair } = depot.cache('strict').deployed;
    await depot.run('stop', repair);
    const { code, out } = await depot.run('status');
    expect(code).toBe(1);
    expect(out.replaceAll(/\s+/g, ' ')).toContain(`${repair} is stopped`);
    expect((await depot.json<{ stoppedFunctions: string[] }>('status')).result.stoppedFunctions).toEqual([repair]);
    expect((await depot.run('watch', '--count', '1')).out).toContain(`  STOPPED ${repair}`);
    await depot.run('start', repair);
    expect((await depot.json<{ stoppedFunctions: string[] }>('status')).result.stoppedFunctions).toEqual([]);
  });
});
