import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Candidate } from '../../../local/engine/candidates.ts';
import { createEngineClient, EngineError } from '../../../local/engine/client.ts';
import { startEngine } from '../../../local/engine/start-engine.ts';

function candidate(executable: string): Candidate {
  return {
    description: `the program ${executable}`,
    locate: async () => ({ name: 'Test', executable, args: () => [], startMs: 2_000 }),
  };
}

async function accepts(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('an engine answers once it is started and is gone once it is stopped, even if stopped twice', async () => {
  const engine = await startEngine();
  const client = createEngineClient(engine.url);
  await expect(client.call('DynamoDB_20120810.ListTables', {})).resolves.toEqual({ TableNames: [] });

  await engine.stop();
  await engine.stop();

  expect(await accepts(engine.url)).toBe(false);
  client.close();
});

test('an engine stops despite an open connection', async () => {
  const engine = await startEngine();
  const { hostname, port } = new URL(engine.url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  await once(socket, 'connect');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await engine.stop();
  await closed;
});

test('an engine ends and its data is removed when its parent is killed', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'freshet-test-'));
  const program = `const { startEngine } = await import('./local/engine/start-engine.ts');
    console.log((await startEngine({ temporary: ${JSON.stringify(temporary)} })).url);
    setInterval(() => {}, 1000);`;
  const args = ['--conditions=freshet-source', '--import', 'tsx', '--input-type=module', '--eval', program];
  const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  expect(await accepts(url.trim())).toBe(true);
  expect(await readdir(temporary)).toHaveLength(1);

  parent.kill('SIGKILL');

  const deadline = { timeout: 5_000, interval: 5 };
  await vi.waitFor(async () => expect(await accepts(url.trim())).toBe(false), deadline);
  await vi.waitFor(async () => expect(await readdir(temporary)).toEqual([]), deadline);
  await rm(temporary, { recursive: true });
});

test('if a program cannot be started, the next candidate is tried', async () => {
  const own = (await import('../../../local/engine/candidates.ts')).candidates('.freshet/engine', () => {});
  const engine = await startEngine({ candidates: [candidate('/nowhere/dynoxide'), ...own] });
  expect(engine.name).toBe('Dynoxide');
  await engine.stop();
});

test('if there is no engine, the error lists what was tried and what to install', async () => {
  const missing: Candidate = { description: 'npm package', locate: async () => 'not installed' };
  const starting = startEngine({ candidates: [missing, candidate('/nowhere/dynoxide')] });
  await expect(starting).rejects.toThrow(
    /npm package: not installed[\s\S]*nowhere[\s\S]*not found[\s\S]*Install one of them/,
  );
});

test("an error of the engine has DynamoDB's error code", async () => {
  const engine = await startEngine();
  const client = createEngineClient(engine.url);
  const asked = client.call('DynamoDB_20120810.DescribeTable', { TableName: 'missing' });
  await expect(asked).rejects.toThrow(EngineError);
  await expect(asked).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  client.close();
  await engine.stop();
});
