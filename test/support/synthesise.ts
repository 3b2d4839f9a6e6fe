import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the cloud assembly that `npm run synth` would write: templates and Lambda bundles. */
    assembly: string;
    /** Where assemblies go that only some tests need: see `synthesiseOnce`. */
    furtherAssemblies: string;
  }
}

/**
 * What every synthesis of the tests has in its environment. The CDK's own look at the templates only warns, which nobody would see here, and takes a
 * third of the time; checks that can end a synthesis, as cdk-nag's and ours, are made all the same.
 */
export const SYNTHESIS = { CDK_VALIDATION: 'false' };

/** Synthesises the app once for all tests, so that they run the very bundles and templates that a deployment would send. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-assembly-'));
  const further = join(folder, 'further');
  mkdirSync(further);
  await synthesise('bin/app.ts', join(folder, 'app'));
  project.provide('assembly', join(folder, 'app'));
  project.provide('furtherAssemblies', further);
  return () => rm(folder, { recursive: true, force: true });
}

/**
 * Synthesises another app when the first test of a run needs it; the others wait for that.
 *
 * @param folder of all such assemblies
 * @param waitUntil awaits a condition
 */
export async function synthesiseOnce(
  app: string,
  folder: string,
  waitUntil: (condition: () => boolean) => Promise<unknown>,
): Promise<string> {
  const name = app.replaceAll(/\W/g, '-');
  const [assembly, begun, done] = ['', '-begun', '-done'].map((suffix) => join(folder, name + suffix)) as [
    string,
    string,
    string,
  ];
  // Making a folder is atomic: one process gets to do it.
  if (isMade(begun)) {
    await synthesise(app, assembly);
    isMade(done);
  }
  await waitUntil(() => existsSync(done));
  return assembly;
}

function isMade(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

async function synthesise(app: string, assembly: string): Promise<void> {
  await promisify(execFile)(process.execPath, ['--conditions=freshet-source', '--import', 'tsx', app], {
    env: { ...process.env, ...SYNTHESIS, CDK_OUTDIR: assembly },
  });
}
