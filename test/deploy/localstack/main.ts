import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Unavailable } from '../target.ts';
import { startLocalStack } from './start.ts';

// Starts LocalStack without Docker, for an app of one's own, until Ctrl-C.

const keep = fileURLToPath(new URL('../../../.freshet', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'freshet-localstack-'));
const stop = new AbortController();
const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort(new Error('interrupted')));

try {
  console.log('starting LocalStack; the first start installs it, which takes two minutes');
  const target = await startLocalStack(folder, keep, stop.signal);
  console.log(`${target.name}. In another terminal:`);
  for (const [name, value] of Object.entries(target.env)) console.log(`  export ${name}=${value}`);
  console.log(`Its output: ${target.log}\nCtrl-C stops it.`);
  await stopped;
  await target.stop();
} catch (error) {
  if (!stop.signal.aborted) {
    const reason = error instanceof Unavailable ? `it can't be installed here: ${error.message}` : error;
    console.error(reason);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
