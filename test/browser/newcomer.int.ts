import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { assemblyOf, SHOP } from '../support/assembly.ts';
import { freshet, root, runHere } from '../support/command-line.ts';
import { copyAssembly } from '../support/copy-assembly.ts';
import { openPage, startBrowser } from './chromium.ts';

let folder: string;
let up: ChildProcess;
let printed = '';
let url: string;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-newcomer-'));
  const assembly = join(folder, 'synthesised');
  copyAssembly(await assemblyOf(SHOP), assembly, () => undefined, { contractsIn: root });
  await writeFile(join(folder, 'cdk.json'), JSON.stringify({ app: `cp -R "${assembly}/." "$CDK_OUTDIR"` }));
  up = freshet(['up'], folder);
  const print = (chunk: Buffer) => {
    printed += chunk;
  };
  up.stdout?.on('data', print);
  up.stderr?.on('data', print);
  browser = await startBrowser();
  await vi.waitFor(
    () => {
      if (up.exitCode !== null) throw new Error(`up ended: ${printed}`);
      expect(printed).toContain('Ctrl-C stops it');
    },
    { timeout: 60_000 },
  );
  url = /^console: (http:\S+)$/m.exec(printed)?.[1] ?? '';
}, 120_000);

afterAll(async () => {
  await browser?.close();
  const ended = once(up, 'exit');
  up.kill('SIGINT');
  // The process ends cleanly although a page is open until here.
  expect(await ended).toEqual([0, null]);
  await rm(folder, { recursive: true, force: true });
});

test('a newcomer changes a country, stops the owner, sees that caches answer, and starts the owner again', {
  timeout: 120_000,
}, async () => {
  const country = { name: 'Freedonia', alpha3: 'FRD', region: 'Europe' };
  const state = {
    ...{ ...country, name: { common: country.name, official: country.name } },
    ...{ subregion: 'Film', capital: ['Fredonia'], currencies: ['EUR'], languages: { eng: 'English' } },
    ...{ callingCodes: ['+1'], borders: [], landlocked: true, areaKm2: 12, flag: '🎬' },
  };
  await runHere(['put', 'Country', 'FD', '--data', JSON.stringify(state)], folder);
  const { page, context, faults } = await openPage(browser, url);
  page.setDefaultTimeout(30_000);
  await context.tracing.start({ screenshots: true, snapshots: true });
  try {
    await page.getByRole('link', { name: 'Entities' }).click();
    await page.getByRole('combobox', { name: 'Type' }).selectOption('Country');
    await page.getByRole('searchbox').fill('FD');
    await page.getByRole('link', { name: /^FD/ }).click();
    for (const cache of ['ordering', 'warehouse'])
      await page.getByRole('button', { name: new RegExp(`cache ${cache} version 1 current`) }).waitFor();

    // Change the country: both caches show the new version.
    await page.getByRole('tab', { name: 'Edit' }).click();
    const editor = page.getByRole('textbox', { name: /as JSON/ });
    await editor.fill((await editor.inputValue()).replace('"Fredonia"', '"Groucho City"'));
    await page.getByRole('button', { name: 'Put version 2' }).click();
    for (const cache of ['ordering', 'warehouse'])
      await page.getByRole('button', { name: new RegExp(`cache ${cache} version 2 current`) }).waitFor();

    // Stop the owner's relay.
    await page.getByRole('link', { name: 'Flow', exact: true }).click();
    await page.getByRole('link', { name: /^Relay of geography/ }).click();
    const panel = page.getByRole('complementary', { name: 'Details of geography' });
    await panel.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('link', { name: /^Relay of geography: relay stopped/ }).waitFor();

    // The owner still takes a change, and the caches answer with the version that they have.
    await page.goBack();
    await page.getByRole('link', { name: 'Entities' }).click();
    await page.goto(`${url}/#/entities?type=Country&id=FD`);
    await page.getByRole('tab', { name: 'Edit' }).click();
    await editor.fill((await editor.inputValue()).replace('"Groucho City"', '"Harpo City"'));
    await page.getByRole('button', { name: 'Put version 3' }).click();
    await page.getByRole('button', { name: /cache ordering version 2 .*relay stopped/ }).waitFor();
    const answer = await runHere(['get', 'ordering', 'Country', 'FD', '--json'], folder);
    expect(JSON.parse(answer.out)).toMatchObject({ version: 2, value: { capital: ['Groucho City'] } });

    // Start it again: the change arrives.
    await page.goto(`${url}/#/flow?at=owner/geography&part=relay`);
    await panel.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('link', { name: /^Relay of geography: relay running/ }).waitFor();
    await page.goto(`${url}/#/entities?type=Country&id=FD`);
    for (const cache of ['ordering', 'warehouse'])
      await page.getByRole('button', { name: new RegExp(`cache ${cache} version 3 current`) }).waitFor();
    expect(faults).toEqual([]);
  } finally {
    await mkdir(join(root, '.freshet/browser'), { recursive: true });
    // To see the recording: npx playwright-core show-trace .freshet/browser/newcomer.zip
    await context.tracing.stop({ path: join(root, '.freshet/browser/newcomer.zip') });
    await context.close();
  }
});
