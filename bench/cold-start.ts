import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { type BenchTables, bundles, startTables } from './support/account.ts';
import { ROOT } from './support/assembly.ts';
import { countryRecord } from './support/events.ts';
import { type BenchmarkOptions, type BenchmarkResult, ratio, spread, type Table } from './support/result.ts';
import { runAlone } from './support/run-alone.ts';

const LOADER = fileURLToPath(new URL('support/load-bundle.js', import.meta.url));

/** The table that the projectors write to. */
const TABLE = 'cold-start';

/** A process that takes longer counts as failed. */
const LIMIT_MS = 60_000;

/** Freshet's bundle is expected to take at most 0.6 of the time and of the CPU of the naive one. */
const BAR = 1.67;

/** The functions that are measured. A stack of the shop's assembly has each of them. */
const FUNCTIONS = [
  { name: 'projector', stack: 'Ordering', id: 'CacheProjector' },
  { name: 'relay', stack: 'Geography', id: 'OwnerRelay' },
] as const;

interface Taken {
  readonly cpuMs: number;
  readonly elapsedMs: number;
}

/** A bundle with its samples. */
interface Side {
  readonly name: string;
  readonly file: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly samples: { readonly loaded: Taken; readonly applied?: Taken }[];
}

export const coldStart = {
  name: 'cold-start',
  title: 'Cold start: loading a bundle in a fresh process',
  async run({ assembly, rounds, onProgress }: BenchmarkOptions): Promise<BenchmarkResult> {
    const folder = mkdtempSync(join(tmpdir(), 'freshet-cold-start-'));
    const tables = await startTables(assembly, 0);
    try {
      await tables.create('Ordering', TABLE);
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      const results: Measured[] = [];
      for (const { name, stack, id } of FUNCTIONS) {
        const sides = await sidesOf({ name, stack, id, assembly, folder });
        for (let round = 0; round <= rounds; round += 1) {
          onProgress(`${name}, round ${round} of ${rounds}`);
          await sampleAll(sides, round, tables, name === 'projector');
        }
        results.push({ name, sides });
      }
      return report(results);
    } finally {
      await tables.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Measured {
  readonly name: string;
  readonly sides: readonly Side[];
}

async function sidesOf(options: {
  readonly name: string;
  readonly stack: string;
  readonly id: string;
  readonly assembly: string;
  readonly folder: string;
}): Promise<Side[]> {
  const { name, stack, id, assembly, folder } = options;
  const deployed = bundles(assembly).find((one) => one.stack === stack && one.logicalId.startsWith(id));
  if (deployed === undefined) throw new Error(`the stack ${stack} has no function ${id}`);
  const { variables } = deployed;
  const naive = async (external: readonly string[], title: string): Promise<Side> => {
    const file = join(folder, `${name}-${external.length}`, 'index.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL(`support/naive-${name}.ts`, import.meta.url))],
      outfile: file,
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      mainFields: ['module', 'main'],
      banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
      external: [...external],
    });
    return { name: title, file, variables, samples: [] };
  };
  return [
    { name: 'freshet', file: join(deployed.folder, 'index.mjs'), variables, samples: [] },
    await naive([], 'naive'),
    await naive(['@aws-sdk/*', '@smithy/*'], 'naive, SDK of the runtime'),
  ];
}

/** Samples each side once, beginning with another side in each round. Round 0 fills the file system's cache. */
async function sampleAll(sides: readonly Side[], round: number, tables: BenchTables, apply: boolean): Promise<void> {
  for (let turn = 0; turn < sides.length; turn += 1) {
    const position = (round + turn) % sides.length;
    const side = sides[position];
    if (side === undefined) continue;
    // Each process applies an entity of its own, so that each write succeeds at once.
    const number = round * sides.length + position;
    const event = apply ? JSON.stringify({ Records: [countryRecord(number, 1)] }) : undefined;
    const sample = await sampleOf(side, tables.url, event);
    if (round > 0) side.samples.push(sample);
  }
}

async function sampleOf({ file, variables }: Side, endpoint: string, event: string | undefined) {
  const child = spawn(process.execPath, [LOADER, pathToFileURL(file).href, ...(event === undefined ? [] : [event])], {
    env: {
      ...variables,
      // So that no event counts as too old.
      MAX_EVENT_AGE_SECONDS: String(10 * 365 * 86_400),
      CACHE_TABLE: TABLE,
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LIMIT_MS,
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`${file} wasn't loaded: ${output}`);
  return JSON.parse(output) as Side['samples'][number];
}

function report(results: readonly Measured[]): BenchmarkResult {
  const ratios = results.flatMap(({ name, sides }) => {
    const [mine, ...peers] = sides;
    return peers.flatMap((peer) =>
      (['cpuMs', 'elapsedMs'] as const).map((figure) => {
        const what = figure === 'cpuMs' ? 'in CPU' : 'in time';
        const of = (side: Side | undefined) => (side?.samples ?? []).map(({ loaded }) => loaded[figure]);
        return ratio(`${peer.name}, ${name}, ${what} until the handler is loaded`, of(mine), of(peer), BAR);
      }),
    );
  });
  return { ratios, tables: [table(results)], charts: [] };
}

function table(results: readonly Measured[]): Table {
  return {
    title: 'Until the handler is loaded',
    note:
      'Each sample is a fresh Node process that loads one bundle. The figures leave out the start of Node itself. The ' +
      'naive functions use Powertools for batches, logs and metrics, zod for schemas, and the same clients of the AWS ' +
      'SDK. Their SDK is bundled, or left to the runtime, which is then this project\'s `node_modules`. "First event" ' +
      'is the time until one event is applied to a table on this machine, which a relay does not do. ' +
      '[Decision 58](decisions/58-cold-starts.md) says what the time is spent on.',
    columns: ['function', 'bundle', 'CPU ms', 'ms', 'first event CPU ms', 'first event ms'],
    rows: results.flatMap(({ name, sides }) =>
      sides.map((side) => {
        const applied = side.samples.flatMap((one) => one.applied ?? []);
        return [
          name,
          side.name,
          spread(side.samples.map(({ loaded }) => loaded.cpuMs)),
          spread(side.samples.map(({ loaded }) => loaded.elapsedMs)),
          applied.length === 0 ? '–' : spread(applied.map(({ cpuMs }) => cpuMs)),
          applied.length === 0 ? '–' : spread(applied.map(({ elapsedMs }) => elapsedMs)),
        ];
      }),
    ),
  };
}

await runAlone(import.meta.url, coldStart);
