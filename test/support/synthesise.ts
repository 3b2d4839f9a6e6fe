import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the cloud assembly that `npm run synth` would write: templates and Lambda bundles. */
    assembly: string;
  }
}

/** Synthesises the app once for all tests, so that they run the very bundles and templates that a deployment would send. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const assembly = await mkdtemp(join(tmpdir(), 'freshet-assembly-'));
  await promisify(execFile)(process.execPath, ['--import', 'tsx', 'bin/app.ts'], {
    env: { ...process.env, CDK_OUTDIR: assembly },
  });
  project.provide('assembly', assembly);
  return () => rm(assembly, { recursive: true, force: true });
}
