import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from './page-build.ts';

/** A file of the page as it is served. */
export interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** The built page in memory. */
export interface PageFiles {
  /** The page itself, with the token of this start. */
  index(token: string): PageFile;
  /** A file of the page by its path in an address, such as `/assets/index-B2fX.js`; undefined if there is none. */
  file(path: string): PageFile | undefined;
}

/** TypeScript in a clone of the project, JavaScript in the package. */
const isClone = import.meta.url.endsWith('.ts');

/** Where the page is: built beside this file, and in a clone of the project also as sources. */
const FOLDERS = {
  built: fileURLToPath(new URL(isClone ? './built/page' : './built', import.meta.url)),
  page: fileURLToPath(new URL('./page', import.meta.url)),
  /** What the page imports from outside its folder. */
  contract: fileURLToPath(new URL('./api/documents.ts', import.meta.url)),
};

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** The place of the token in index.html. */
const TOKEN = /(<meta name="freshet-token" content=")(")/;

/**
 * Loads the page. In a clone, the page is built first if it isn't, or if its sources are newer.
 *
 * @throws Error if the page can't be built or read
 */
export async function loadPage({ signal }: { readonly signal?: AbortSignal } = {}): Promise<PageFiles> {
  if (!isClone) return readPage(FOLDERS.built);
  if (isBuilt(FOLDERS)) return readPage(FOLDERS.built);
  return buildPage({ ...FOLDERS, read: readPage, ...(signal && { signal }) });
}

/** Whether the built page is at least as new as its sources. */
export function isBuilt({ built, page, contract }: typeof FOLDERS): boolean {
  const index = statSync(join(built, 'index.html'), { throwIfNoEntry: false });
  if (index === undefined) return false;
  const sources = [contract, page, ...pathsIn(page)];
  return sources.every((path) => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) <= index.mtimeMs);
}

function pathsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}

/** Reads a built page. @throws Error if it is replaced meanwhile, or isn't the console's page */
export function readPage(folder: string): PageFiles {
  const before = statSync(folder).ino;
  const files = new Map<string, PageFile>();
  for (const path of pathsIn(folder).filter((path) => statSync(path).isFile()))
    files.set(`/${relative(folder, path).split(sep).join('/')}`, fileOf(path));
  if (statSync(folder).ino !== before) throw new Error(`${folder} was replaced while it was read. Try again.`);
  const html = Buffer.from(files.get('/index.html')?.body ?? []).toString('utf8');
  if (!TOKEN.test(html)) throw new Error(`${join(folder, 'index.html')} has no place for the token.`);
  files.delete('/index.html');
  return {
    index: (token) => ({
      body: Buffer.from(html.replace(TOKEN, (_, start, end) => `${start}${escaped(token)}${end}`)),
      headers: { 'Content-Type': TYPES['.html'] ?? '', 'Cache-Control': 'no-store' },
    }),
    file: (path) => files.get(path),
  };
}

function fileOf(path: string): PageFile {
  const isHashed = /[/\\]assets[/\\][^/\\]+-[\w-]{8,}\.\w+$/.test(path);
  return {
    body: new Uint8Array(readFileSync(path)),
    headers: {
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      'Cache-Control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    },
  };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
