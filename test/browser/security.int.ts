import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../cli/console/api/world.ts';
import { setTestCredentials } from '../support/credentials.ts';
import { openPage, overflows, startBrowser } from './chromium.ts';
import { type Served, serveConsole } from './shop.ts';

let world: World;
let served: Served;
let browser: Browser;
const slow = { timeout: 120_000 };

const SCRIPT = '<script>globalThis.hacked = 1</script><img src=x onerror="globalThis.hacked = 1">';
const MARKS = '\u202Egnp.exe\u2066';
const CONTROL = `${MARKS}\u0000\u001B[31m`;
const ids = [SCRIPT, '__proto__', 'constructor', MARKS, '"><svg onload=hacked=1>', '../../x?y#z'];
const state = {
  name: SCRIPT,
  guide: CONTROL,
  [SCRIPT]: SCRIPT,
  constructor: { prototype: SCRIPT },
  long: SCRIPT.repeat(3_000),
  number: '9007199254740993',
};
/** JSON whose text has a key that an object literal can't have, and a number that JavaScript would round. */
const RAW = `{"__proto__":{"polluted":true},"name":7,"big":9007199254740993,"text":${JSON.stringify(SCRIPT + CONTROL)}}`;

beforeAll(async () => {
  setTestCredentials();
  world = await startWorld();
  for (const id of ids) await world.owner.owner.put('Place', id, state);
  for (const [n, body] of [RAW, SCRIPT, MARKS, 'x'.repeat(250_000)].entries())
    await world.send('maps', `raw-${n}`, body);
  await world.cloud.idle();
  [served, browser] = await Promise.all([serveConsole(world.cloud), startBrowser()]);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  await world?.stop();
});

describe('the page shows hostile content as text', slow, () => {
  test.each(ids)('of the entity %j', async (id) => {
    const address = `${served.url}/#/entities?${new URLSearchParams({ type: 'Place', id })}`;
    const { page, context, faults } = await openPage(browser, address);
    await page.getByRole('button', { name: /cache maps version 1 current/ }).waitFor();
    await page.getByRole('region', { name: 'State at atlas' }).getByText('show all').waitFor();
    await page.getByRole('tab', { name: 'Edit' }).click();
    expect(JSON.parse(await page.getByRole('textbox', { name: /as JSON/ }).inputValue())).toEqual(state);
    expect(await page.evaluate('globalThis.hacked ?? ({}).polluted ?? "nothing ran"')).toBe('nothing ran');
    expect(await page.locator('main script, main img, main iframe, main svg[onload]').count()).toBe(0);
    expect(await overflows(page)).toBe(false);
    expect(faults).toEqual([]);
    await context.close();
  });

  test('of parked messages, whose text is exact', async () => {
    const { page, context, faults } = await openPage(browser, `${served.url}/#/parked?by=type`);
    const rows = page.getByRole('button', { name: /^parked/ });
    await rows.nth(3).waitFor();
    for (let n = 0; n < 4; n += 1) await rows.nth(n).click();
    const messages = page.getByRole('region', { name: 'Message' });
    await messages.nth(3).waitFor();
    const texts = (await messages.allInnerTexts()).join('\n');
    expect(texts).toContain('"__proto__"');
    expect(texts).toContain('9007199254740993');
    expect(texts).toContain('<script>globalThis.hacked = 1</script>');
    // A mark that turns the direction of the text is shown as its code.
    expect(texts).not.toContain('\u202E');
    expect(await page.evaluate('globalThis.hacked ?? ({}).polluted ?? "nothing ran"')).toBe('nothing ran');
    expect(faults).toEqual([]);
    await context.close();
  });
});

describe('the page of another origin', slow, () => {
  test('can neither read the console nor act by it', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route('http://attacker.test/', (route) =>
      route.fulfill({ body: '<h1>hello</h1>', contentType: 'text/html' }),
    );
    await page.goto('http://attacker.test/');
    const attempts = await page.evaluate(async (target) => {
      const tried = (path: string, options?: RequestInit) =>
        fetch(target + path, options).then(
          ({ status }) => status,
          (error: Error) => error.name,
        );
      const body = JSON.stringify({ type: 'Place', id: 'attacked', stateJson: '{"name":"attacked"}' });
      return Promise.all([
        tried('/api/deployment'),
        tried('/', { mode: 'no-cors' }),
        tried('/api/actions/put', { method: 'POST', body, mode: 'no-cors' }),
        tried('/api/actions/put', { method: 'POST', body, headers: { 'x-freshet-token': 'guessed' } }),
      ]);
    }, served.url);
    expect(attempts.map((one) => (one === 0 ? 'opaque' : one))).toEqual([
      'TypeError',
      expect.anything(),
      expect.anything(),
      'TypeError',
    ]);
    expect(await world.owner.owner.get('Place', 'attacked')).toBeUndefined();
    await context.close();
  });
});
