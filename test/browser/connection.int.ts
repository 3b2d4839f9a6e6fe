import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeploymentDocument } from '../../cli/console/api/documents.ts';
import { startWorld, type World } from '../cli/console/api/world.ts';
import { setTestCredentials } from '../support/credentials.ts';
import { openPage, startBrowser } from './chromium.ts';
import { type Served, serveConsole } from './shop.ts';

let world: World;
let served: Served;
let browser: Browser;
const slow = { timeout: 120_000 };

beforeAll(async () => {
  setTestCredentials();
  world = await startWorld();
  await world.owner.owner.put('Place', 'p1', { name: 'One' });
  await world.cloud.idle();
  [served, browser] = await Promise.all([serveConsole(world.cloud), startBrowser()]);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  await world?.stop();
});

async function inPage(hash: string, steps: (page: Page) => Promise<void>): Promise<void> {
  const { page, context, faults } = await openPage(browser, `${served.url}/${hash}`);
  page.setDefaultTimeout(30_000);
  try {
    await page.getByText('Connection: live').waitFor();
    await steps(page);
    expect(faults).toEqual([]);
  } finally {
    await context.close();
  }
}

/** Hides or shows the tab, as far as the page can tell. */
async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    const { document } = globalThis as unknown as { document: EventTarget };
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
}

/** Makes the console look as if it had been started again. */
async function startAgain(page: Page): Promise<void> {
  const answer = await page.request.get(`${served.url}/api/deployment`);
  const deployment = { ...((await answer.json()) as DeploymentDocument), instance: 'another' };
  await page.route('**/api/deployment', (route) => route.fulfill({ json: deployment }));
}

describe('the connection of the page', slow, () => {
  test('a hidden tab closes its connection, and opens it again when it is shown', async () => {
    await inPage('#/flow', async (page) => {
      await setHidden(page, true);
      await page.getByText('Connection: connecting').waitFor();
      const isOpened = page.waitForRequest('**/api/live');
      await setHidden(page, false);
      await isOpened;
      await page.getByText('Connection: live').waitFor();
    });
  });

  test('a page of a console that was started again loads itself', async () => {
    await inPage('#/flow', async (page) => {
      await startAgain(page);
      await setHidden(page, true);
      const isLoaded = page.waitForEvent('load');
      await setHidden(page, false);
      await isLoaded;
      await page.getByText('Connection: live').waitFor();
    });
  });

  test('a page with an open draft keeps it, and offers to be loaded again', async () => {
    await inPage('#/entities?type=Place&id=p1', async (page) => {
      await page.getByRole('tab', { name: 'Edit' }).click();
      const editor = page.getByRole('textbox', { name: /as JSON/ });
      await editor.fill('{"name":"my draft"}');
      await startAgain(page);
      await setHidden(page, true);
      await setHidden(page, false);
      const button = page.getByRole('button', { name: 'Load the page again' });
      await button.waitFor();
      expect(await editor.inputValue()).toBe('{"name":"my draft"}');
      const isLoaded = page.waitForEvent('load');
      await button.click();
      await isLoaded;
      await page.getByText('Connection: live').waitFor();
    });
  });
});
