import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** Where Debian, Fedora and macOS install Chromium or Chrome. `CHROMIUM` names another one. */
const PLACES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The path of an installed browser; undefined if there is none. */
export const installed = PLACES.find((path) => path !== undefined && existsSync(path));

/** Starts the installed browser. */
export function startBrowser(): Promise<Browser> {
  if (installed === undefined) throw new Error('no Chromium is installed: apt-get install chromium, or set CHROMIUM');
  // Chromium has no sandbox for root, which CI runs as. The tests load pages of this machine only.
  return chromium.launch({ executablePath: installed, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A page with everything that went wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the page and of its content security policy, and requests to other machines. */
  readonly faults: readonly string[];
}

/** What a test chooses of a browser window. */
export interface WindowOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'dark' | 'light';
}

/** Opens a window on an address. */
export async function openPage(browser: Browser, url: string, options: WindowOptions = {}): Promise<WatchedPage> {
  const { width = 1280, height = 800, theme = 'light' } = options;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, context, faults };
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** The rules of accessibility that a page breaks, each with the elements that break it. */
export async function violations(page: Page): Promise<readonly string[]> {
  // The page's policy allows no script of others, so axe runs beside the page's own.
  await page.evaluate(await (await import('node:fs/promises')).readFile(axePath, 'utf8'));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
      };
    };
    const found = await axe.run();
    return found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
    );
  });
}

/** Whether a page is wider than its window. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}
