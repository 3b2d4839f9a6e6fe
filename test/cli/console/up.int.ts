import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPage } from '../../../cli/console/page-files.ts';
import { assemblyOf } from '../../support/assembly.ts';
import { root, runFreshet } from '../../support/command-line.ts';
import { copyAssembly } from '../../support/copy-assembly.ts';

let folder: string;
let port: number;

/** A story that is a page: it checks what the console shows, before its first event and of its first event. */
const STORY = `
export default async ({ deployment, deploy, report }) => {
  const url = 'http://127.0.0.1:' + process.env.CONSOLE_PORT;
  const live = (await fetch(url + '/api/live')).body.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  const until = async (wanted) => {
    while (!wanted.test(seen)) seen += (await live.read()).value;
  };
  await until(/^event: flow/m);
  report.print('the flow is shown before the first event');
  const { owner } = await deployment.ownerOf('Item');
  await owner.put('Item', 'first', { name: 'one' });
  const entity = async () => (await fetch(url + '/api/entity?type=Item&id=first')).json();
  for (;;) {
    const { caches } = await entity();
    if (caches.every(({ copy }) => copy?.version === 1)) break;
  }
  report.print('the first event is shown in the caches');
  await deploy({});
  await until(/^event: deployment/m);
  if ((await entity()).owner.version !== 1) throw new Error('the console reads no longer');
  report.print('the console reads the new deployment');
};
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-up-console-'));
  const assembly = join(folder, 'synthesised');
  copyAssembly(await assemblyOf('test/cli/depot/app.ts'), assembly, () => undefined, { contractsIn: root });
  await writeFile(join(folder, 'cdk.json'), JSON.stringify({ app: `cp -R "${assembly}/." "$CDK_OUTDIR"` }));
  await writeFile(join(folder, 'story.mjs'), STORY);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ freshet: { story: './story.mjs' } }));
  // In a clone that was just installed, the page is built during the synthesis. Here, the synthesis is a copy.
  await loadPage();
  port = await freePort();
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

describe('the console of freshet up', { timeout: 120_000 }, () => {
  test('the page is up before the first event of the story, shows it arriving, and follows a deployment', async () => {
    process.env.CONSOLE_PORT = String(port);
    const { code, out, err } = await runFreshet(['up', '--once', '--console-port', String(port)], folder);
    delete process.env.CONSOLE_PORT;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = [
      `console: http://127.0.0.1:${port}`,
      'the flow is shown before the first event',
      'the first event is shown in the caches',
      'the console reads the new deployment',
    ];
    expect(out.split('\n').filter((line) => lines.includes(line))).toEqual(lines);
  });

  test('freshet up --once serves no console, nor does freshet up --no-console', async () => {
    await writeFile(join(folder, 'package.json'), '{}');
    for (const args of [['--once'], ['--once', '--no-console', '--console-port', String(port)]]) {
      const { code, out } = await runFreshet(['up', ...args], folder);
      expect(code).toBe(0);
      expect(out).not.toContain('console:');
    }
  });
});
