import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Combination } from './combinations.ts';
import type { Shell } from './shell.ts';

/** Writes files below a folder. Objects are written as JSON. */
export function write(folder: string, files: Readonly<Record<string, string | object>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, undefined, 2)}\n`);
  }
}

export function readJson(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

/** The owner's contracts, which a workspace has in a package of its own. */
export const GEOGRAPHY = `import { defineBoundary } from 'freshet-aws';
import * as z from 'zod';

const Country = z.strictObject({ name: z.string() });

export default defineBoundary(import.meta.url, { name: 'geography', owns: { Country: { schema: Country } } });
`;

/** A CDK app without stacks, to which `freshet init` adds its own. */
const ENTRY = `import * as cdk from 'aws-cdk-lib';

const app = new cdk.App();
`;

/** The compiler options of an app that `cdk init` didn't make. */
function compilerOptions(given: Combination): Record<string, unknown> {
  const { module, moduleResolution, options } = given;
  const types = given.test === 'jest' ? ['jest', 'node'] : ['node'];
  return {
    target: 'ES2022',
    lib: ['ES2022'],
    module,
    moduleResolution,
    types,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    ...options,
  };
}

/** Writes an app without stacks into a folder with the package.json, cdk.json and tsconfig.json of `cdk init`. */
export function writeApp(folder: string, given: Combination): void {
  const { isInit, run } = given;
  write(folder, {
    'package.json': { ...readJson(join(folder, 'package.json')), type: given.type },
    'cdk.json': { ...readJson(join(folder, 'cdk.json')), app: run },
    'bin/app.ts': ENTRY,
    ...(!isInit && {
      'tsconfig.json': {
        compilerOptions: compilerOptions(given),
        include: ['bin', 'lib', 'test'],
      },
    }),
  });
}

/** Adds the services, whose contracts may come from a package of their own. */
export async function addServices(folder: string, given: Combination, shell: Shell): Promise<void> {
  await shell.run(folder, ['freshet', 'init', '--yes', '--no-install', '--test', given.test]);
  if (given.packages === 'npm') return;
  write(folder, { 'lib/geography/contracts.ts': "export { default } from '@shop/contracts/geography';\n" });
}
