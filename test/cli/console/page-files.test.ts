import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildPage } from '../../../cli/console/page-build.ts';
import { isBuilt, readPage } from '../../../cli/console/page-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-page-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

const INDEX = '<html><head><meta name="freshet-token" content=""></head></html>';

describe('the files of the page', () => {
  test('the page has the token, and only files of the page are served', async () => {
    await write('built/index.html', INDEX);
    await write('built/assets/index-B2fX_12a.js', 'code');
    await write('built/icon.svg', '<svg/>');
    await write('secret.txt', 'secret');
    const page = readPage(join(folder, 'built'));
    const { body, headers } = page.index('a"<&b');
    expect(Buffer.from(body).toString()).toBe(INDEX.replace('content=""', 'content="a&quot;&lt;&amp;b"'));
    expect(headers).toEqual({ 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
    expect(page.file('/assets/index-B2fX_12a.js')).toMatchObject({
      headers: {
        'Content-Type': 'text/javascript; charset=utf-8',
        'Cache-Control': 'public, max-age=31536000, immutable',
      },
    });
    expect(page.file('/icon.svg')?.headers).toEqual({ 'Content-Type': 'image/svg+xml', 'Cache-Control': 'no-cache' });
    for (const path of ['/index.html', '/../secret.txt', '/assets', '/', '/__proto__', ''])
      expect(page.file(path)).toBeUndefined();
  });

  test('a page without a place for the token is an error', async () => {
    await write('built/index.html', '<html></html>');
    expect(() => readPage(join(folder, 'built'))).toThrow(/no place for the token/);
  });

  test('a page is built again once a source is newer than it, or if it is missing', async () => {
    const folders = { built: join(folder, 'built'), page: join(folder, 'page'), contract: join(folder, 'api.ts') };
    await write('page/main.ts', '1');
    await write('api.ts', '1');
    expect(isBuilt(folders)).toBe(false);
    await write('built/index.html', INDEX);
    const [past, later] = [new Date(Date.now() - 60_000), new Date(Date.now() + 60_000)];
    for (const path of ['page', 'page/main.ts', 'api.ts']) await utimes(join(folder, path), past, past);
    expect(isBuilt(folders)).toBe(true);
    await utimes(join(folder, 'page/main.ts'), later, later);
    expect(isBuilt(folders)).toBe(false);
    await utimes(join(folder, 'page/main.ts'), past, past);
    await utimes(folders.contract, later, later);
    expect(isBuilt(folders)).toBe(false);
  });
});

describe('the build of the page', { timeout: 60_000 }, () => {
  const build = () =>
    buildPage({ page: join(folder, 'page'), built: join(folder, 'built/page'), read: (from) => readPage(from) });

  test('two builds at once both serve the page, and leave one built page', async () => {
    await write('page/index.html', INDEX.replace('</head>', '<script type="module" src="./main.ts"></script></head>'));
    await write('page/main.ts', 'document.title = "x" as string;');
    const pages = await Promise.all([build(), build()]);
    for (const page of pages) expect(Buffer.from(page.index('t').body).toString()).toContain('content="t"');
    expect(await readdir(join(folder, 'built'))).toEqual(['page']);
    expect(Buffer.from(readPage(join(folder, 'built/page')).index('t').body).toString()).toContain('assets/index-');
  });

  test('a build that fails says why in one line, and leaves the former page', async () => {
    await write('built/page/index.html', INDEX);
    await write('page/index.html', INDEX.replace('</head>', '<script type="module" src="./main.ts"></script></head>'));
    await write('page/main.ts', 'import "./missing.ts";');
    await expect(build()).rejects.toThrow(/^the page can't be built: \[UNRESOLVED_IMPORT\] [^\n]*missing\.ts[^\n]*$/);
    expect(await readdir(join(folder, 'built'))).toEqual(['page']);
    expect(await readFile(join(folder, 'built/page/index.html'), 'utf8')).toBe(INDEX);
  });

  test('the built page has at most 250 KB gzipped', async () => {
    const page = fileURLToPath(new URL('../../../cli/console/page', import.meta.url));
    const sizes = await buildPage({
      page,
      built: join(folder, 'built/page'),
      read: async (from) => {
        readPage(from);
        const names = await readdir(from, { recursive: true, withFileTypes: true });
        const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
        return Promise.all(files.map(async (file) => gzipSync(await readFile(file)).length));
      },
    });
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(250_000);
  });
});
