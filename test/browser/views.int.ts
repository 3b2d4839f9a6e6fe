import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage, overflows, startBrowser, violations } from './chromium.ts';
import { startTroubledShop, type TroubledShop } from './shop.ts';
import { VIEWS } from './views.ts';

let world: TroubledShop;
let browser: Browser;
const slow = { timeout: 120_000 };

beforeAll(async () => {
  [world, browser] = await Promise.all([startTroubledShop(), startBrowser()]);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

/** Opens a view, and closes it after the test's steps. The page must have no fault until then. */
async function inPage(hash: string, steps: (page: Page) => Promise<void>, options = {}): Promise<void> {
  const { page, context, faults } = await openPage(browser, `${world.url}/${hash}`, options);
  page.setDefaultTimeout(30_000);
  try {
    await steps(page);
    expect(faults).toEqual([]);
  } finally {
    await context.close();
  }
}

describe('the views of the console', slow, () => {
  const windows = [
    { width: 1280, height: 800, theme: 'light' },
    { width: 390, height: 844, theme: 'dark' },
  ] as const;

  test.each(
    VIEWS.flatMap((view) => windows.map((window) => [...view, window] as const)),
  )('%s has no violation of accessibility, no fault and no overflow in a window of %#', async (_, hash, text, window) => {
    await inPage(
      hash,
      async (page) => {
        await page.getByText(text).first().waitFor();
        expect(await violations(page)).toEqual([]);
        expect(await overflows(page)).toBe(false);
      },
      window,
    );
  });

  test('the flow shows a stopped relay, a stopped projector with its backlog, and parked events, in words', async () => {
    await inPage('#/flow', async (page) => {
      await page.getByRole('link', { name: /^Relay of customers: relay stopped/ }).waitFor();
      await page.getByRole('link', { name: /^Function of warehouse: projector stopped/ }).waitFor();
      await page.getByRole('link', { name: /^Queue of warehouse: ([3-9]|\d\d) / }).waitFor();
      await page.getByRole('link', { name: /^Cache: ordering .*3 parked/ }).waitFor();
    });
  });

  test('an entity that waits at a stopped owner says so, and names what mends it', async () => {
    await inPage('#/entities?type=Customer&id=c-konrad', async (page) => {
      await page.getByRole('button', { name: /cache ordering version 1 .*relay stopped/ }).waitFor();
      await page.getByText('start the relay before the change is 24 hours old').waitFor();
      await page.getByRole('region', { name: 'Differences of ordering from the owner' }).getByText('gold').waitFor();
    });
  });

  test('entities are found by the beginning of their id, and keys open the views', async () => {
    await inPage('#/entities?type=Product', async (page) => {
      await page.getByRole('link', { name: /^p-mug/ }).waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('p-t');
      await page.getByRole('link', { name: /^p-tent/ }).waitFor();
      await page.getByRole('link', { name: /^p-mug/ }).waitFor({ state: 'detached' });
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: /^p-tent/ }).click();
      await page.getByRole('heading', { name: 'Product p-tent' }).waitFor();
    });
  });

  test('Enter in the search opens the entity, which stays open', async () => {
    await inPage('#/entities?type=Product', async (page) => {
      await page.getByRole('link', { name: /^p-mug/ }).waitFor();
      await page.clock.install();
      await page.keyboard.press('/');
      await page.keyboard.type('p-tent');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Product p-tent' }).waitFor();
      await page.clock.runFor(1_000);
      expect(page.url()).toContain('id=p-tent');
      await page.goBack();
      await page.getByRole('link', { name: /^p-mug/ }).waitFor();
      expect(await page.getByRole('searchbox').inputValue()).toBe('');
    });
  });

  test('a stopped function that is no station has a panel with a button that starts it', async () => {
    await inPage('#/flow', async (page) => {
      const link = page.getByRole('link', { name: /^Function .* is stopped/ });
      if ((await link.count()) === 0) await page.getByRole('button', { name: /^Show all/ }).click();
      await link.first().click();
      const panel = page.getByRole('complementary', { name: /^Details of / });
      await panel.getByRole('button', { name: 'Start' }).waitFor();
    });
  });

  test('parked events of one place are asked of the API', async () => {
    await inPage('#/parked', async (page) => {
      await page
        .getByRole('button', { name: /parked Product p-mug|^invalid/ })
        .first()
        .waitFor();
      const isAsked = page.waitForRequest('**/api/parked?at=warehouse');
      await page.getByRole('combobox', { name: 'At' }).selectOption('warehouse');
      await isAsked;
      await page.getByText('Nothing is parked or held at warehouse').waitFor();
    });
  });

  test('another range of the numbers keeps the sections that were opened', async () => {
    await inPage('#/numbers?minutes=5', async (page) => {
      const last = page.locator('details.numbers-part').last();
      await last.locator('summary').click();
      await last.locator('.chart').first().waitFor();
      const isRead = page.waitForResponse('**/api/numbers?minutes=60');
      await page.getByRole('radio', { name: '60 min' }).check({ force: true });
      await isRead;
      await page.getByText('one value each 20 s').waitFor();
      expect(await last.locator('.chart').first().isVisible()).toBe(true);
    });
  });

  test('the catalogue offers an AsyncAPI document and the JSON Schema of a type', async () => {
    await inPage('#/contracts', async (page) => {
      for (const [path, part] of [
        ['asyncapi?boundary=customers', '"asyncapi":"3.0.0"'],
        ['schema?type=Customer', '"displayName"'],
      ] as const) {
        const link = page.locator(`a[href$="/api/contracts/${path}"]`).first();
        await link.waitFor({ state: 'attached' });
        const answer = await page.request.get(`${world.url}/api/contracts/${path}`);
        expect(answer.headers()['content-disposition']).toMatch(/^attachment/);
        expect(JSON.stringify(await answer.json())).toContain(part);
      }
    });
  });

  test('a saga shows the fact that an order waits for', async () => {
    await inPage('#/sagas', async (page) => {
      const row = page.getByRole('row').filter({ hasText: 'waiting' });
      await row.getByText('OrderBilled').waitFor();
    });
  });
});

describe('the actions of the console', slow, () => {
  /** Waits for the outcome of an action, and returns its text. */
  const outcomeOf = async (page: Page, title: string | RegExp) => {
    const log = page.getByRole('region', { name: 'Outcomes of actions' });
    const outcomes = log.getByRole('article').filter({ has: page.getByRole('heading', { name: title }) });
    const outcome = outcomes.first();
    await outcome.getByText('working').waitFor({ state: 'detached' });
    return outcome.innerText();
  };

  test('start and stop: a started projector drains its queue', async () => {
    await inPage('#/flow?at=cache/warehouse&part=worker', async (page) => {
      const panel = page.getByRole('complementary', { name: 'Details of warehouse' });
      await panel.getByRole('button', { name: 'Start' }).click();
      await page.getByRole('link', { name: /^Queue of warehouse: 0 / }).waitFor();
      await panel.getByRole('button', { name: 'Stop' }).click();
      await page.getByRole('link', { name: /^Function of warehouse: projector stopped/ }).waitFor();
      await panel.getByRole('button', { name: 'Start' }).click();
      await page.getByRole('link', { name: /^Function of warehouse: projector running/ }).waitFor();
    });
  });

  test('backfill and reconcile: both are started for a type of a cache', async () => {
    await inPage('#/flow?at=cache/warehouse&part=end', async (page) => {
      const panel = page.getByRole('complementary', { name: 'Details of warehouse' });
      await panel.getByRole('button', { name: 'Reconcile Country' }).click();
      expect(await outcomeOf(page, 'Reconcile Country in warehouse')).toMatch(/done|started/i);
      await panel.getByRole('button', { name: 'Backfill Country' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Backfill' }).click();
      expect(await outcomeOf(page, 'Backfill warehouse with Country')).toMatch(/done|started/i);
    });
  });

  test('redrive: an event that still can’t be read is parked again, with its wrong part marked', async () => {
    await inPage('#/parked?by=type', async (page) => {
      await page.getByRole('button', { name: /parked Product p-mug/ }).click();
      await page.getByRole('region', { name: 'Message' }).getByText('▲ wrong').waitFor();
      await page.getByRole('button', { name: 'Redrive: try it again' }).click();
      expect(await outcomeOf(page, 'Redrive 1 event at ordering')).toContain('parked again');
    });
  });

  test('discard and release: without its failing event, a stopped entity catches up', async () => {
    world.shop.running(['Customers-'], true);
    await inPage('#/parked?by=reason', async (page) => {
      await page.getByRole('checkbox', { name: 'Select all of invalid' }).check();
      await page.getByRole('toolbar').getByRole('button', { name: 'Discard' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
      expect(await outcomeOf(page, 'Discard 2 events at ordering')).toContain('done');
      await page.getByRole('checkbox', { name: 'Select all of stopped' }).check();
      await page.getByRole('button', { name: 'Release 1 entity' }).click();
      expect(await outcomeOf(page, 'Release Customer c-sofja in ordering')).toContain('applied');
      await page.getByText('Nothing is parked or held').waitFor();
    });
    await inPage('#/entities?type=Customer&id=c-sofja', async (page) => {
      await page.getByRole('button', { name: /cache ordering version 2 current/ }).waitFor();
    });
  });

  test('put, resync and delete: a change and a deletion travel, and a put on an old basis is refused', async () => {
    await inPage('#/entities?type=Product&id=p-tent', async (page) => {
      await page.getByRole('tab', { name: 'Edit' }).click();
      await page.getByRole('button', { name: 'Put version 2' }).click();
      expect(await outcomeOf(page, 'Put Product p-tent')).toContain('nothing changed, version 1');
      const editor = page.getByRole('textbox', { name: /as JSON/ });
      const state = JSON.parse(await editor.inputValue()) as Record<string, unknown>;
      await editor.fill('{ no JSON');
      await page.getByText('This is no valid JSON').waitFor();
      expect(await page.getByRole('button', { name: 'Put version 2' }).isDisabled()).toBe(true);
      await editor.fill(JSON.stringify({ ...state, name: 'A tent for four' }));
      await page.getByRole('button', { name: 'Put version 2' }).click();
      await page.getByRole('button', { name: /cache ordering version 2 current/ }).waitFor();
      await world.shop.ownerOf('Product').put('Product', 'p-tent', { ...state, name: 'Somebody else’s' });
      await editor.fill(JSON.stringify({ ...state, name: 'On an old basis' }));
      await page.getByText('The owner has version 3 now').waitFor();
      await page.getByRole('button', { name: 'Put version 3' }).click();
      expect(await outcomeOf(page, 'Put Product p-tent')).toContain('version 3');
      await page.getByRole('button', { name: 'Resync' }).click();
      expect(await outcomeOf(page, 'Resync Product p-tent')).toContain('done');
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('button', { name: /cache ordering version 4 deleted/ }).waitFor();
    });
  });
});
