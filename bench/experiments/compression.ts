import { pathToFileURL } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from 'node:zlib';
import { ATTRIBUTE, COMPRESSED_TEXT } from '../../adapters/aws/items.ts';
import { COMPRESS_FROM_BYTES, compressedIfSmaller } from '../../core/compression.ts';
import { MAX_COMPRESSED_STATE_BYTES, MAX_PLAIN_STATE_BYTES, MAX_STATE_BYTES } from '../../core/state.ts';
import { record } from '../support/report.ts';
import { type Benchmark, type BenchmarkResult, type Cell, figure, type Table } from '../support/result.ts';
import { cellText } from '../support/run-alone.ts';
import { type DataSet, dataSets, entitySets } from './compression/data-sets.ts';
import { projectorCpu } from './compression/projector-cpu.ts';

/** What an owner's item has besides its state: key, version, digest and times. A cache's item has 30 bytes more. */
const REST_OF_ITEM = 150;
/** What an item has in addition if its state is compressed: the name of an attribute, and the text beside it. */
const BESIDE_COMPRESSED = ATTRIBUTE.compressed.length + COMPRESSED_TEXT.length;
/** What an event has besides its data. */
const REST_OF_EVENT = 500;

const KB = 1024;
/** CPU time that is spent on each figure, in milliseconds. */
const MEASURED_MS = 300;

/** Compares states as JSON and compressed: sizes, write units, chunks of SQS, CPU time. */
export const compression: Benchmark = {
  name: 'compression',
  title: 'Compression: large states as JSON and compressed',
  async run({ onProgress, rounds }): Promise<BenchmarkResult> {
    const sets = dataSets();
    onProgress('before and after');
    const tables = [beforeAndAfter(sets)];
    onProgress('CPU of a projector');
    tables.push(await projectorCpu(sets, rounds));
    onProgress('largest states');
    tables.push(largest(sets));
    onProgress('threshold');
    tables.push(threshold(sets));
    onProgress('algorithms');
    tables.push(algorithms(sets));
    return { ratios: [], charts: [], tables };
  },
};

const bytesOf = (text: string) => Buffer.byteLength(text);
const percent = (part: number, whole: number) => `${Math.round((100 * part) / whole)} %`;
const writeUnits = (bytes: number) => Math.ceil((bytes + REST_OF_ITEM) / KB);
const chunks = (bytes: number) => Math.ceil((bytes + REST_OF_EVENT) / (64 * KB));
const base64 = (bytes: number) => 4 * Math.ceil(bytes / 3);
/** Whether a state could be published before states were compressed. */
const fitted = (bytes: number) => bytes <= MAX_PLAIN_STATE_BYTES;

/** CPU time of one call in milliseconds. A busy machine changes it little, because waiting doesn't count. */
function cpuMs(work: () => unknown): number {
  for (let warm = 0; warm < 20; warm += 1) work();
  const begin = process.cpuUsage();
  let calls = 0;
  let spentMs = 0;
  while (spentMs < MEASURED_MS) {
    work();
    calls += 1;
    const { user, system } = process.cpuUsage(begin);
    spentMs = (user + system) / 1000;
  }
  return spentMs / calls;
}

function beforeAndAfter(sets: readonly DataSet[]): Table {
  return {
    title: 'Real data as one state, before and after',
    note:
      'Write units are those of the owner, and of each cache that keeps the whole state: 1 for each KB of the item. ' +
      'Chunks are what SQS bills for each send, receive and delete: 64 KB of the message. "Too large" could not be ' +
      'published as JSON. CPU time is that of one core of this machine; a function of 512 MB has 0.3 of a core. The ' +
      'data is in packages that the repository depends on. An event of a state that is stored compressed needs none of ' +
      'this CPU time in the relay, and a projector decompresses it once.',
    columns: [
      ...['state', 'JSON bytes', 'compressed bytes', 'of JSON', 'write units before', 'after'],
      ...['64-KB chunks before', 'after', 'ms to compress', 'ms to decompress'],
    ],
    rows: sets.map(({ name, json }) => {
      const plain = bytesOf(json);
      const form = compressedIfSmaller(json);
      const size = form?.length ?? plain;
      const isRefused = form !== undefined && size > MAX_COMPRESSED_STATE_BYTES;
      const change = (before: number, after: number): Cell[] => [
        fitted(plain) ? before : 'too large',
        isRefused ? 'too large' : after,
      ];
      return [
        ...[name, plain, form === undefined ? 'stays JSON' : size, percent(size, plain)],
        ...change(writeUnits(plain), writeUnits(form === undefined ? size : size + BESIDE_COMPRESSED)),
        ...change(chunks(plain), chunks(form === undefined ? plain : base64(size))),
        ...(form === undefined ? ['–', '–'] : [cpuMs(() => compressedIfSmaller(json)), cpuMs(() => gunzipSync(form))]),
      ];
    }),
  };
}

/** The largest state of the same kind of data: as many copies of the data, or as much of it, as fit. */
function largest(sets: readonly DataSet[]): Table {
  return {
    title: 'The largest state that fits',
    note:
      `A state may have ${MAX_STATE_BYTES} bytes of JSON and ${MAX_COMPRESSED_STATE_BYTES} bytes compressed. Before, it ` +
      `could have ${MAX_PLAIN_STATE_BYTES} bytes of JSON, whatever it contained. The data set is repeated, or cut, to find ` +
      'the largest state of its kind. gzip finds repetitions only within 32 KB, so repeating a larger data set does not ' +
      'make it easier to compress.',
    columns: ['data', 'largest state before, KB', 'now, KB', 'times as large', 'limited by'],
    rows: sets
      .filter(({ json }) => bytesOf(json) > 32 * KB)
      .map(({ name, json }) => {
        const now = largestOf(Buffer.from(json));
        const limit = now === MAX_STATE_BYTES ? 'JSON bytes' : 'compressed bytes';
        return [name, MAX_PLAIN_STATE_BYTES / KB, now / KB, now / MAX_PLAIN_STATE_BYTES, limit];
      }),
  };
}

function largestOf(data: Buffer): number {
  const repeated = Buffer.alloc(MAX_STATE_BYTES, data);
  const doesFit = (bytes: number) =>
    gzipSync(repeated.subarray(0, bytes), { level: 6 }).length <= MAX_COMPRESSED_STATE_BYTES;
  if (doesFit(MAX_STATE_BYTES)) return MAX_STATE_BYTES;
  let [fits, tooLarge] = [0, MAX_STATE_BYTES];
  while (tooLarge - fits > KB) {
    const middle = (fits + tooLarge) >> 1;
    if (doesFit(middle)) fits = middle;
    else tooLarge = middle;
  }
  return fits;
}

/** Sizes among which the threshold is chosen. */
const SIZES = [512, KB, 2 * KB, 4 * KB, 8 * KB, 16 * KB];

function threshold(sets: readonly DataSet[]): Table {
  const samples = sets.filter(({ json }) => bytesOf(json) >= Math.max(...SIZES));
  return {
    title: 'From which size compression is worth it',
    note:
      'Write units as JSON and compressed: on average of the real entities whose size is within a fifth of the given ' +
      'one, and of the first bytes of each larger data set. The threshold is ' +
      `${COMPRESS_FROM_BYTES} bytes: the size from which a state costs three units. A smaller state could save one unit ` +
      'at most, and stays readable in the console of DynamoDB. The last row is the CPU time to compress and to ' +
      'decompress once. It decides nothing: a write unit costs as much as 94 ms of a function of 512 MB.',
    columns: ['data', ...SIZES.map((size) => `${size} bytes`)],
    rows: [
      ...entitySets().map(({ name, entities }) => [name, ...SIZES.map((size) => meanUnits(entities, size))]),
      ...samples.map(({ name, json }) => [`${name}, its first bytes`, ...SIZES.map((size) => unitsAt(json, size))]),
      ['CPU ms, both ways', ...SIZES.map((size) => cpuOf(samples, size))],
    ],
  };
}

const units = (plain: Buffer): [number, number] => [
  writeUnits(plain.length),
  writeUnits(gzipSync(plain, { level: 6 }).length + BESIDE_COMPRESSED),
];

function unitsAt(json: string, size: number): string {
  const [before, after] = units(Buffer.from(json).subarray(0, size));
  return `${before} → ${after}`;
}

function meanUnits(entities: readonly string[], size: number): string {
  const near = entities.filter((json) => Math.abs(bytesOf(json) - size) <= size / 5);
  if (near.length === 0) return '–';
  const all = near.map((json) => units(Buffer.from(json)));
  const mean = (which: 0 | 1) => figure(all.reduce((sum, one) => sum + one[which], 0) / all.length);
  return `${mean(0)} → ${mean(1)} (${near.length})`;
}

function cpuOf(samples: readonly DataSet[], size: number): number {
  const parts = samples.map(({ json }) => Buffer.from(json).subarray(0, size));
  return cpuMs(() => parts.map((part) => gunzipSync(gzipSync(part, { level: 6 })))) / parts.length;
}

const brotli = (quality: number) => ({
  compress: (data: Buffer) =>
    brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }) as Uint8Array,
  decompress: (form: Uint8Array) => brotliDecompressSync(form) as Uint8Array,
});
const gzip = (level: number) => ({
  compress: (data: Buffer) => gzipSync(data, { level }) as Uint8Array,
  decompress: (form: Uint8Array) => gunzipSync(form) as Uint8Array,
});
const ALGORITHMS = {
  'gzip, level 6': gzip(6),
  'gzip, level 9': gzip(9),
  'brotli, quality 4': brotli(4),
  'brotli, quality 5': brotli(5),
  'brotli, quality 9': brotli(9),
};

function algorithms(sets: readonly DataSet[]): Table {
  const named = Object.entries(ALGORITHMS);
  return {
    title: 'Algorithms',
    note:
      'Bytes, and CPU ms to compress and to decompress, with what Node 20, 22 and 24 can do. decisions/52 explains why ' +
      'Freshet uses gzip, level 6.',
    columns: ['state', ...named.map(([name]) => name)],
    rows: sets.map(({ name, json }) => {
      const data = Buffer.from(json);
      const cells = named.map(([, { compress, decompress }]) => {
        const form = compress(data);
        const times = [cpuMs(() => compress(data)), cpuMs(() => decompress(form))].map((ms) => cellText(ms));
        return `${form.length.toLocaleString('en-US')}; ${times.join(' + ')}`;
      });
      return [name, ...cells];
    }),
  };
}

if (process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url) {
  const begin = performance.now();
  const onProgress = (message: string) => console.error(`  ${message}`);
  const result = await compression.run({ rounds: 9, assembly: '', onProgress });
  record(compression.name, { ...result, title: compression.title, seconds: (performance.now() - begin) / 1000 });
  for (const { title, columns, rows } of result.tables) {
    console.log(`\n${title}\n${[columns, ...rows].map((row) => row.map(cellText).join(' | ')).join('\n')}`);
  }
  console.log('\nwritten: bench/results.json, docs/performance.md');
}
