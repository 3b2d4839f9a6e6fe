import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root, tsx } from '../support/command-line.ts';

/** Loads a module, changes the module that it imports, and loads it again before and after a renewal. */
const PROGRAM = `
import { writeFileSync } from 'node:fs';
import { withRenewableModules } from ${JSON.stringify(pathToFileURL(join(root, 'cli/renewed-modules.ts')).href)};

const [url, inner] = process.argv.slice(2);
const { io, renew } = withRenewableModules({ importModule: (one) => import(one), run: (_, given) => given });
const loaded = async (load) => {
  const module = await load(url);
  const { value } = 'value' in module ? module : module.default;
  return value;
};
const seen = [];
for (const value of [1, 2, 3]) {
  writeFileSync(inner, 'export const value: number = ' + value + ';');
  seen.push(await loaded(io.importModule));
  renew();
  seen.push(await loaded(io.importModule), await loaded(io.run([]).importModule));
}
console.log(JSON.stringify(seen));
`;

test.each([
  ['an ES module', '{"type":"module"}', "export { value } from './inner.ts';"],
  ['a CommonJS module', '{}', "import { value } from './inner';\nmodule.exports = { value };"],
])('%s is loaded again, with what it imports, after each renewal and not before', async (_, packageJson, source) => {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-modules-'));
  try {
    const [outer, inner] = [join(folder, 'outer.ts'), join(folder, 'inner.ts')];
    await writeFile(join(folder, 'package.json'), packageJson);
    await writeFile(outer, source);
    await writeFile(join(folder, 'program.mjs'), PROGRAM);
    const args = ['--import', tsx, join(folder, 'program.mjs'), pathToFileURL(outer).href, inner];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(JSON.parse(stdout)).toEqual([1, 1, 1, 1, 2, 2, 2, 3, 3]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
