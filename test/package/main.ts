import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { run } from './command.ts';
import { contentProblems, loadProblems } from './contents.ts';

/**
 * Packs the project, installs the package into a copy of test/consumer-app outside of the project, and runs there what its users would: types,
 * the CDK app on the local cloud, its test, the command line. The last line says how many of its tests passed.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const consumer = join(root, 'test', 'consumer-app');

/** Contracts of an owner and two caches, and the CDK app around them. */
const APP = ['geography.ts', 'ordering.ts', 'warehouse.ts', 'app.ts'];
const MAX_APP_LINES = 39;

/** A text that core alone has: a bundle with two copies of it would have it twice. */
const ONCE_IN_CORE = 'not a valid boundary name';

const packed = z.object({ filename: z.string(), size: z.int(), files: z.array(z.object({ path: z.string() })) });

let begun = performance.now();
function done(step: string): void {
  console.log(`  ✓ ${step} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  begun = performance.now();
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

const folder = await mkdtemp(join(tmpdir(), 'freshet-consumer-'));
try {
  await test(folder);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function test(folder: string): Promise<void> {
  const lines = APP.reduce(
    (sum, file) => sum + readFileSync(join(consumer, file), 'utf8').trimEnd().split('\n').length,
    0,
  );
  if (lines > MAX_APP_LINES) throw new Error(`test/consumer-app: its app has ${lines} lines, at most ${MAX_APP_LINES}`);

  const { filename, size, files } = await pack(folder);
  refuse(contentProblems(files.map(({ path }) => path)));
  done(`packed: ${files.length} files, ${Math.round(size / 1000)} kB, no examples, tests or benchmarks`);

  cpSync(consumer, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  await run(folder, ['npm', 'install', ...quiet, `./${filename}`]);
  const installed = join(folder, 'node_modules', 'freshet-aws');
  done('installed by npm');

  refuse(loadProblems(installed));
  for (const entry of ['freshet-aws', 'freshet-aws/cdk', 'freshet-aws/testing']) {
    await run(folder, ['node', '--input-type=module', '--eval', `await import('${entry}')`]);
  }
  done(`each entry loads in Node ${process.versions.node}, and only packages that are declared`);

  await run(folder, ['npm', 'run', 'types']);
  done('types hold, those of the package too');

  const { ok, out } = await run(folder, ['npm', 'test'], { mayFail: true });
  const [passed, failed] = ['pass', 'fail|cancelled'].map((kind) => counted(out, kind));
  if (!ok) console.log(out);
  else done(`its app of ${lines} lines ran on the local cloud`);
  refuse(bundleProblems(join(folder, '.freshet', 'test-assembly')));

  await run(folder, ['npx', '--no-install', 'freshet', 'up', '--once']);
  done('the command line loads its contracts');

  const { out: cost } = await run(folder, ['npx', '--no-install', 'freshet', 'cost', '--caches', '1', '--json']);
  const { total } = z.object({ total: z.number() }).parse(JSON.parse(cost.slice(cost.indexOf('{'))));
  done(`the command line runs a CDK app of its own: a million events cost $${total.toFixed(2)}`);
  console.log(`consumer app: ${passed} passed, ${failed} failed`);
  if (!ok || passed === 0) throw new Error("the consumer app's test failed");
}

async function pack(folder: string): Promise<z.infer<typeof packed>> {
  const { out } = await run(root, ['npm', 'pack', '--json', '--silent', '--pack-destination', folder]);
  const answer: unknown = JSON.parse(out.slice(out.search(/^[[{]/m)));
  // A list up to npm 10, by the package's name from npm 11 on.
  const [first] = z.union([z.array(packed), z.record(z.string(), packed).transform(Object.values)]).parse(answer);
  return packed.parse(first);
}

/** The sum of TAP's closing counts of these kinds. */
function counted(tap: string, kinds: string): number {
  return [...tap.matchAll(new RegExp(`^# (?:${kinds}) (\\d+)$`, 'gm'))].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

function bundleProblems(assembly: string): string[] {
  const bundles = readdirSync(assembly, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('index.mjs'),
  );
  if (bundles.length === 0) return ['the app has no bundles'];
  return bundles.flatMap((file) => {
    const copies = readFileSync(join(assembly, file), 'utf8').split(ONCE_IN_CORE).length - 1;
    return copies === 1 ? [] : [`${file} holds ${copies} copies of core`];
  });
}
