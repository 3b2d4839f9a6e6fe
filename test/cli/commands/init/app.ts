import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import { runCommand } from '../../../../cli/main.ts';
import { commandIo } from '../../../support/command-io.ts';

/** A module that creates a CDK app. */
export const ENTRY = "#!/usr/bin/env node\nimport * as cdk from 'aws-cdk-lib/core';\n\nconst app = new cdk.App();\n";
export const PACKAGE = { name: 'shop', type: 'commonjs', scripts: {}, dependencies: {}, devDependencies: {} };

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder that is removed after the test. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-init-'));
  folders.push(folder);
  return folder;
}

/** A CDK app with some files changed; null leaves a file out. */
export function app(files: Readonly<Record<string, string | object | null>> = {}): string {
  const folder = emptyFolder();
  const all = { 'package.json': PACKAGE, 'cdk.json': { app: 'npx tsx bin/shop.ts' }, 'bin/shop.ts': ENTRY, ...files };
  for (const [name, content] of Object.entries(all)) {
    if (content === null) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

/** Runs `freshet init` in a folder. */
export async function init(folder: string, ...args: string[]) {
  const io = commandIo({ cwd: folder });
  const code = await runCommand(['init', '--no-install', ...args], io);
  return { code, out: io.out(), err: io.err() };
}

export const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort();
export const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8');
export const readPackage = (folder: string) =>
  JSON.parse(read(folder, 'package.json')) as Record<string, Record<string, string>>;
