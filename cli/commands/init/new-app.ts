import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandIo } from '../../io.ts';
import { CDK_VERSION } from './packages.ts';
import { readProject, type TestRunner } from './project.ts';
import { run } from './run.ts';

/** Whether a folder has no files but hidden ones, such as `.git`. */
export function isEmpty(folder: string): boolean {
  return readdirSync(folder).every((name) => name.startsWith('.'));
}

/** Makes a CDK app, without its example of a stack and of a test. Returns the exit code of `cdk init`. */
export async function makeApp(
  io: CommandIo,
  runner: TestRunner | undefined,
  signal: AbortSignal,
): Promise<number | null> {
  const cdk = ['npx', '--yes', `aws-cdk@${CDK_VERSION}`, 'init', 'app', '--language', 'typescript', '--generate-only'];
  io.stdout.write(`${cdk.join(' ')}\n`);
  const code = await run(io, cdk, signal);
  if (code !== 0) {
    if (!signal.aborted) io.stderr.write(`error: cdk init failed (exit code ${code}). Nothing else was written.\n`);
    return code;
  }
  for (const folder of ['lib', 'test']) rmSync(join(io.cwd, folder), { recursive: true, force: true });
  const [entry = 'app.ts'] = readdirSync(join(io.cwd, 'bin'));
  writeFileSync(
    join(io.cwd, 'bin', entry),
    "#!/usr/bin/env node\nimport * as cdk from 'aws-cdk-lib';\n\nconst app = new cdk.App();\n",
  );
  if (runner !== undefined && runner !== 'jest') removeJest(io.cwd);
  return 0;
}

/** Removes Jest, with which `cdk init` makes an app. */
function removeJest(folder: string): void {
  rmSync(join(folder, 'jest.config.js'), { force: true });
  const { packageJson } = readProject(folder);
  const { test: _, ...scripts } = packageJson.scripts ?? {};
  const devDependencies = Object.fromEntries(
    Object.entries(packageJson.devDependencies ?? {}).filter(([name]) => !/jest|^@swc\/core$/.test(name)),
  );
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ ...packageJson, scripts, devDependencies }, undefined, 2)}\n`,
  );
  const tsconfig = join(folder, 'tsconfig.json');
  writeFileSync(tsconfig, readFileSync(tsconfig, 'utf8').replace(/"jest",\s*/, ''));
}
