import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../support/command-line.ts';
import { openPage, startBrowser, type WindowOptions } from './chromium.ts';
import { startTroubledShop, type TroubledShop } from './shop.ts';
import { VIEWS } from './views.ts';

let world: TroubledShop;
let browser: Browser;

beforeAll(async () => {
  [world, browser] = await Promise.all([startTroubledShop(), startBrowser()]);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

/** Takes a picture of a view once it shows a text. */
async function picture(name: string, hash: string, text: string | RegExp, options: WindowOptions = {}) {
  const { page, context, faults } = await openPage(browser, `${world.url}/${hash}`, options);
  await page.getByText(text).first().waitFor();
  await page.evaluate('document.fonts.ready');
  await page.screenshot({ path: join(root, 'docs/console', `${name}.png`) });
  await context.close();
  expect(faults).toEqual([]);
}

test.each(VIEWS)('the view %s', { timeout: 60_000 }, async (name, hash, text) => {
  await picture(name, hash, text);
});

test('the flow on a phone, and in the dark', { timeout: 60_000 }, async () => {
  const [[, hash, text]] = VIEWS;
  await picture('flow-phone', hash, text, { width: 390, height: 844 });
  await picture('flow-dark', hash, text, { theme: 'dark' });
});
