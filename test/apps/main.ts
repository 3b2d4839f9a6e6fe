import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { COMBINATIONS, type Combination, UNSUPPORTED, type Unsupported } from './combinations.ts';
import { emptyFolder, firstService } from './first-service.ts';
import { installApp, installInit, type Packed } from './install.ts';
import { createShell, type Shell } from './shell.ts';
import { readJson, write } from './write-app.ts';

/** What is tried besides the table of docs/compatibility.md. */
const SCENARIOS = { 'first-service': firstService, 'empty-folder': emptyFolder } as const;

function namesOfAll(): string[] {
  return [...Object.keys(SCENARIOS), ...[...COMBINATIONS, ...UNSUPPORTED].map(({ name }) => name)];
}

const USAGE = `npm run test:apps [-- NAME...] [--quick] [--busy] [--no-build] [--keep]
  Tries Freshet's packed packages in CDK apps outside the repository. First it runs the commands of
  docs/first-service.md as they are typed, one for each step, and freshet init in an empty folder. Then for each app of
  docs/compatibility.md: freshet init, types, freshet up, put, get, and a test. Then it tries what isn't supported, and
  looks for the message.
  --quick     only first-service
  --busy      first-service may take longer than 5 minutes, because other work slows the machine down
  --no-build  packs the dist folders as they are
  --keep      keeps the temporary folder
Names: ${namesOfAll().join(', ')}
Exit codes: 0 passed, 1 failed, 2 wrong arguments, 130 interrupted.`;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGES = ['freshet-aws', 'freshet-local', 'freshet-cli'];

/** One line of the table. */
interface Row {
  readonly name: string;
  readonly seconds: Readonly<Record<string, number>>;
  readonly problem?: string;
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort(new Error('interrupted')));

const { values, positionals } = parsed();
process.exitCode = await main();

function parsed() {
  try {
    const flag = { type: 'boolean' } as const;
    const options = { quick: flag, busy: flag, 'no-build': flag, keep: flag };
    const given = parseArgs({ options, allowPositionals: true });
    const names = new Set(namesOfAll());
    const unknown = given.positionals.find((name) => !names.has(name));
    if (unknown !== undefined) throw new Error(`unknown name: ${unknown}`);
    return given;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function main(): Promise<number> {
  const isChosen = ({ name }: { readonly name: string }) =>
    positionals.length > 0 ? positionals.includes(name) : !values.quick || name === 'first-service';
  const folder = mkdtempSync(join(tmpdir(), 'freshet-apps-'));
  const shell = createShell(stop.signal);
  const rows: Row[] = [];
  try {
    const apps = COMBINATIONS.filter(isChosen);
    const refused = UNSUPPORTED.filter((one) => isChosen(one) && !isSupported(one));
    const typescript5 = COMBINATIONS.some(
      (one) => one.typescript === 5 && (apps.includes(one) || refused.some(({ of }) => of === one.name)),
    );
    const packed = await step('pack', () => packAll(folder, shell));
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      if (isChosen({ name })) rows.push(await row(name, scenario(join(folder, name), packed, shell, values)));
    }
    if (apps.length + refused.length > 0) {
      await step('install', () => installInit(folder, packed, { typescript5 }, shell));
    }
    for (const one of apps) rows.push(await row(one.name, tryApp(folder, one, packed, shell)));
    for (const one of refused) rows.push(await row(one.name, tryUnsupported(folder, one, packed, shell)));
  } catch (error) {
    if (stop.signal.aborted) return 130;
    const problem = error instanceof Error ? error.message : String(error);
    console.log(problem);
    rows.push({ name: 'all apps', seconds: {}, problem });
  } finally {
    if (values.keep) console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  const failed = rows.filter(({ problem }) => problem !== undefined).length;
  const passed = rows.length - failed;
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** Whether this version of Node supports it. */
function isSupported({ supportedFrom }: Unsupported): boolean {
  if (supportedFrom === undefined) return false;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [fromMajor, fromMinor] = supportedFrom;
  return major > fromMajor || (major === fromMajor && minor >= fromMinor);
}

/** Measures steps: the names of the steps, with their seconds. */
type Steps = AsyncGenerator<string, void>;

/** Prints the line of an app as its steps are done. A step that fails ends the app, and the next app follows. */
async function row(name: string, steps: Steps): Promise<Row> {
  const seconds: Record<string, number> = {};
  process.stdout.write(name.padEnd(24));
  let startedMs = performance.now();
  try {
    for await (const step of steps) {
      seconds[step] = (performance.now() - startedMs) / 1000;
      startedMs = performance.now();
      process.stdout.write(`${step} ${seconds[step].toFixed(1)} s`.padEnd(18).concat(' '));
    }
    const all = Object.values(seconds);
    console.log(`✓ ${all.length} steps, ${all.reduce((sum, one) => sum + one, 0).toFixed(0)} s`);
    return { name, seconds };
  } catch (error) {
    if (stop.signal.aborted) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    console.log(`✗\n${problem}`);
    return { name, seconds, problem };
  }
}

/** Does what all apps need. A failure ends the job. */
async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  console.log(`${'all apps'.padEnd(24)}${name} ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}

/** Packs the packages into a folder. */
async function packAll(folder: string, shell: Shell): Promise<Packed> {
  if (!values['no-build']) await shell.run(ROOT, ['npm', 'run', '--silent', 'build']);
  const workspaces = PACKAGES.map((name) => `--workspace=${name}`);
  const packages = join(folder, 'packages');
  write(packages, { '.npmrc': '' });
  const pack = ['npm', 'pack', '--ignore-scripts', '--silent', ...workspaces, '--pack-destination', packages];
  await shell.run(ROOT, pack);
  const files = readdirSync(packages);
  return Object.fromEntries(
    PACKAGES.map((name) => [name, join(packages, files.find((file) => file.startsWith(name)) ?? name)]),
  );
}

async function* tryApp(folder: string, given: Combination, packed: Packed, shell: Shell): Steps {
  const app = await installApp(folder, given, packed, shell);
  yield 'install';
  await shell.run(app, ['tsc', '-p', '.']);
  yield 'types';
  const up = await shell.start(app, ['freshet', 'up', '--no-story'], 'Running at');
  try {
    yield 'up';
    const data = '{"name":"France"}';
    await shell.run(app, ['freshet', 'put', 'Country', 'FR', '--data', data]);
    const output = await shell.run(app, [
      'freshet',
      'get',
      'ordering',
      'Country',
      'FR',
      '--at-least-version',
      '1',
      '--json',
    ]);
    if (!output.includes('"France"')) throw new Error(`get did not return what was put:\n${output}`);
    yield 'put, get';
  } finally {
    await up.end();
  }
  const test = given.test === 'jest' ? ['jest'] : ['node', '--import', 'tsx', '--test', 'test/country.test.ts'];
  await shell.run(app, test);
  yield 'test';
}

async function* tryUnsupported(folder: string, given: Unsupported, packed: Packed, shell: Shell): Steps {
  const combination = COMBINATIONS.find(({ name }) => name === given.of);
  if (combination === undefined) throw new Error(`no app ${given.of}`);
  const app = await installApp(folder, { ...combination, name: given.name }, packed, shell);
  write(app, given.files ?? {});
  if (given.options !== undefined) {
    const { compilerOptions, ...rest } = readJson(join(app, 'tsconfig.json'));
    write(app, { 'tsconfig.json': { ...rest, compilerOptions: { ...(compilerOptions as object), ...given.options } } });
  }
  yield 'install';
  const output = await shell.fail(app, given.command);
  if (!output.replaceAll(/\s+/g, ' ').includes(given.message)) {
    throw new Error(`the message is missing: ${given.message}\n${output.slice(-2_000)}`);
  }
  yield 'refused';
}
