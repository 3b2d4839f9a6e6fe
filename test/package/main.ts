import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { run } from './command.ts';
import { contentProblems, loadProblems, PACKAGES, type PackageName } from './contents.ts';
import { installedIn } from './installed.ts';

/**
 * Builds and packs the three packages, and uses them as an app does, in folders outside the project:
 *
 * - installs each package alone, and checks how much freshet-aws installs
 * - synthesises an app without esbuild, which must say what to install
 * - installs all three into a copy of test/consumer-app, and runs its types, its test and the command line
 *
 * The last line says how many tests of the consumer app passed. `--no-build` packs the dist folders as they are.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONSUMER = join(ROOT, 'test', 'consumer-app');
const NAMES = Object.keys(PACKAGES) as PackageName[];

/** The consumer app: contracts of an owner and two caches, and the CDK app around them. */
const APP = ['geography.ts', 'ordering.ts', 'warehouse.ts', 'app.ts'];
const MAX_APP_LINES = 39;

/** The most packages that a service may install with freshet-aws, itself included. */
const MAX_PACKAGES = 40;

/** A text that only core contains. A bundle with two copies of core contains it twice. */
const ONCE_IN_CORE = 'not a valid boundary name';

const INSTALL = ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

const packed = z.object({ filename: z.string(), size: z.int(), files: z.array(z.object({ path: z.string() })) });

let stepStartedMs = performance.now();
function done(step: string): void {
  console.log(`  ✓ ${step} (${((performance.now() - stepStartedMs) / 1000).toFixed(1)} s)`);
  stepStartedMs = performance.now();
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

const folder = await mkdtemp(join(tmpdir(), 'freshet-packages-'));
try {
  await test();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function test(): Promise<void> {
  const lines = APP.reduce((sum, file) => sum + linesOf(join(CONSUMER, file)), 0);
  if (lines > MAX_APP_LINES) throw new Error(`test/consumer-app: its app has ${lines} lines, at most ${MAX_APP_LINES}`);
  if (!process.argv.includes('--no-build')) {
    await run(ROOT, ['npm', 'run', '--silent', 'build']);
    done('built');
  }
  const archives: string[] = [];
  for (const name of NAMES) {
    archives.push(await pack(name));
    await installAlone(name, archives);
  }
  await useConstructsAlone();
  await useConsumerApp(archives, lines);
}

function linesOf(file: string): number {
  return readFileSync(file, 'utf8').trimEnd().split('\n').length;
}

/** Packs a package and checks its files. Returns the path of the archive. */
async function pack(name: PackageName): Promise<string> {
  const command = ['npm', 'pack', '--ignore-scripts', '--json', '--silent', '--pack-destination', folder];
  const { out } = await run(join(ROOT, PACKAGES[name]), command);
  const answer: unknown = JSON.parse(out.slice(out.search(/^[[{]/m)));
  // Up to version 10, npm prints a list. From version 11 on, it prints an object with the packages by name.
  const [first] = z.union([z.array(packed), z.record(z.string(), packed).transform(Object.values)]).parse(answer);
  const { filename, size, files } = packed.parse(first);
  refuse(
    contentProblems(
      name,
      files.map(({ path }) => path),
    ),
  );
  done(`${name} packed: ${files.length} files, ${Math.round(size / 1000)} kB, without examples, tests and benchmarks`);
  return join(folder, filename);
}

/** Installs a package, with the packages of this repository that it depends on, into an empty folder. */
async function installAlone(name: PackageName, archives: readonly string[]): Promise<void> {
  const alone = createProject(name);
  await run(alone, [...INSTALL, ...archives]);
  const { packages, bytes, binaries } = installedIn(alone);
  done(`${name} alone installs ${packages.length} packages, ${(bytes / 1e6).toFixed(1)} MB`);
  if (name !== 'freshet-aws') return;
  refuse(binaries.map((one) => `${name} alone: ${one} is native or downloads a binary`));
  if (packages.length > MAX_PACKAGES) {
    throw new Error(`${name} alone: ${packages.length} packages, at most ${MAX_PACKAGES}:\n${packages.join('\n')}`);
  }
  // The optional clients aren't installed here, so that a load of one of them would fail.
  const clients = packages.filter((one) => /client-(cloudwatch|cloudformation)$/.test(one));
  refuse(clients.map((one) => `${name} alone: installs ${one}`));
  await load(alone, name);
  done(`${name} alone loads, and has no native and no downloaded binary`);
}

function createProject(name: string): string {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  return project;
}

async function load(project: string, entry: string): Promise<void> {
  await run(project, ['node', '--input-type=module', '--eval', `await import('${entry}')`]);
}

/** Synthesises an app with freshet-aws and the CDK only. The error must say what to install. */
async function useConstructsAlone(): Promise<void> {
  const alone = join(folder, 'freshet-aws');
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(CONSUMER, 'package.json'), 'utf8')));
  const cdk = ['aws-cdk-lib', 'constructs'].map((name) => `${name}@${dependencies[name]}`);
  await run(alone, [...INSTALL, ...cdk]);
  const app = `
    import { App, Stack } from 'aws-cdk-lib';
    import { defineBoundary } from 'freshet-aws';
    import { EntityOwner } from 'freshet-aws/cdk';
    const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
    const boundary = defineBoundary(import.meta.url, { name: 'catalogue', owns: { Product: { schema } } });
    new EntityOwner(new Stack(new App(), 'Catalogue'), 'Owner', { boundary });`;
  writeFileSync(join(alone, 'app.js'), app);
  const { ok, err } = await run(alone, ['node', 'app.js'], { mayFail: true });
  const advice = 'npm install --save-dev esbuild @aws-sdk/client-cloudwatch';
  if (ok || !err.includes(advice)) throw new Error(`an app without esbuild doesn't advise "${advice}":\n${err}`);
  done('an app without esbuild says what to install');
}

async function useConsumerApp(archives: readonly string[], lines: number): Promise<void> {
  const app = join(folder, 'consumer-app');
  cpSync(CONSUMER, app, { recursive: true, filter: (path) => !path.includes('node_modules') });
  await run(app, [...INSTALL, ...archives]);
  done('all packages are installed into the consumer app');

  for (const name of NAMES) refuse(loadProblems(join(app, 'node_modules', name)));
  for (const entry of ['freshet-aws', 'freshet-aws/cdk', 'freshet-local']) {
    await load(app, entry);
    // tsx turns the modules into CommonJS, and then resolves their imports as `require` does.
    for (const loader of [[], ['--require', 'tsx/cjs']])
      await run(app, ['node', ...loader, '--eval', `require('${entry}')`]);
  }
  done(`each entry loads in Node ${process.versions.node} by import and require, and only packages that are declared`);

  await run(app, ['npm', 'run', 'types']);
  done("the consumer app's types hold, and so do those of the packages");

  const { ok, out } = await run(app, ['npm', 'test'], { mayFail: true });
  const [passed, failed] = ['pass', 'fail|cancelled'].map((kind) => counted(out, kind));
  if (!ok) console.log(out);
  else done(`the consumer app of ${lines} lines runs on the local cloud`);
  refuse(bundleProblems(join(app, '.freshet', 'test-assembly')));

  await run(app, ['npx', '--no-install', 'freshet', 'up', '--once']);
  done('the command line loads the contracts of the consumer app');

  const { out: cost } = await run(app, ['npx', '--no-install', 'freshet', 'cost', '--caches', '1', '--json']);
  const { total } = z.object({ total: z.number() }).parse(JSON.parse(cost.slice(cost.indexOf('{'))));
  done(`the command line runs its own CDK app: a million events cost $${total.toFixed(2)}`);
  console.log(`consumer app: ${passed} passed, ${failed} failed`);
  if (!ok || passed === 0) throw new Error("the consumer app's test failed");
}

/** Returns the sum of the final counts of some kinds in a TAP report. */
function counted(tap: string, kinds: string): number {
  return [...tap.matchAll(new RegExp(`^# (?:${kinds}) (\\d+)$`, 'gm'))].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

/** Returns the bundles of an assembly that don't contain core exactly once. */
function bundleProblems(assembly: string): string[] {
  const bundles = readdirSync(assembly, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('index.mjs'),
  );
  if (bundles.length === 0) return ['the app has no bundles'];
  return bundles.flatMap((file) => {
    const copies = readFileSync(join(assembly, file), 'utf8').split(ONCE_IN_CORE).length - 1;
    return copies === 1 ? [] : [`${file} contains ${copies} copies of core`];
  });
}
