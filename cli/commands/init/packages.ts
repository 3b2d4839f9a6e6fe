import { createRequire } from 'node:module';
import * as z from 'zod/mini';
import type { PackageJson, TestRunner } from './project.ts';

/** The version of the CDK's command line that makes a new app. */
export const CDK_VERSION = '2.1148.1';

/** The versions of packages that the command line doesn't depend on itself. A test compares them with the project's. */
export const VERSIONS = {
  '@types/node': '^22.20.5',
  esbuild: '^0.28.2',
  typescript: '^7.0.2',
  vitest: '^4.1.12',
} as const;

const ownPackage = z.object({
  version: z.string(),
  dependencies: z.record(z.string(), z.string()),
  peerDependencies: z.record(z.string(), z.string()),
});

/** The packages that an app needs, by name. */
interface Needed {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function ownPackageJson() {
  return ownPackage.parse(createRequire(import.meta.url)('freshet-cli/package.json'));
}

/** The lowest versions of packages that an app may already have. The schemas of `freshet init` need zod 4. */
export function minimumVersions(): Readonly<Record<string, string>> {
  const { 'aws-cdk-lib': cdk = '', constructs = '' } = ownPackageJson().peerDependencies;
  return { 'aws-cdk-lib': cdk.replace('^', ''), constructs: constructs.replace('^', ''), zod: '4.0.0' };
}

function neededPackages(runner: TestRunner): Needed {
  const own = ownPackageJson();
  const of = (name: string) => own.dependencies[name] ?? own.peerDependencies[name] ?? '*';
  const version = `^${own.version}`;
  return {
    dependencies: {
      'aws-cdk-lib': of('aws-cdk-lib'),
      constructs: of('constructs'),
      'freshet-aws': version,
      zod: of('zod'),
    },
    devDependencies: {
      '@aws-sdk/client-cloudwatch': of('@aws-sdk/client-cloudwatch'),
      '@types/node': VERSIONS['@types/node'],
      esbuild: VERSIONS.esbuild,
      'freshet-cli': version,
      'freshet-local': version,
      tsx: of('tsx'),
      typescript: VERSIONS.typescript,
      ...(runner === 'vitest' && { vitest: VERSIONS.vitest }),
    },
  };
}

const NODE_TEST = 'node --import tsx --test';

/** Adds the script that runs a test file. Returns the scripts, and the name of that script. */
function withTestScript(scripts: Readonly<Record<string, string>>, runner: TestRunner, testFile: string) {
  const { test } = scripts;
  if (runner !== 'node:test') {
    const name = test === undefined || test.includes(runner) ? 'test' : 'test:freshet';
    return { name, scripts: { ...scripts, [name]: scripts[name] ?? (runner === 'vitest' ? 'vitest run' : 'jest') } };
  }
  const name = test === undefined || test.startsWith(NODE_TEST) ? 'test' : 'test:freshet';
  return { name, scripts: { ...scripts, [name]: `${scripts[name] ?? NODE_TEST} ${testFile}` } };
}

/** A package.json with what was added to it. */
export interface WithPackages {
  readonly packageJson: PackageJson;
  /** What was added. */
  readonly added: Needed & { readonly scripts: Readonly<Record<string, string>> };
  /** The script that runs the test, such as `test`. */
  readonly testScript: string;
}

/** Adds the packages and scripts that the app lacks. Everything that package.json has stays as it is. */
export function withPackages(given: PackageJson, runner: TestRunner, testFile: string): WithPackages {
  const has = { ...given.dependencies, ...given.devDependencies };
  const missing = (of: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !(name in has)));
  const needed = neededPackages(runner);
  const [dependencies, devDependencies] = [missing(needed.dependencies), missing(needed.devDependencies)];
  const { name, scripts: withTest } = withTestScript(given.scripts ?? {}, runner, testFile);
  const scripts = { ...withTest, start: withTest.start ?? 'freshet up' };
  const newScripts = Object.entries(scripts).filter(([script, command]) => given.scripts?.[script] !== command);
  return {
    packageJson: {
      ...given,
      scripts,
      dependencies: sorted({ ...given.dependencies, ...dependencies }),
      devDependencies: sorted({ ...given.devDependencies, ...devDependencies }),
    },
    added: { dependencies, devDependencies, scripts: Object.fromEntries(newScripts) },
    testScript: name,
  };
}

/** By name, as package managers write them. */
function sorted(versions: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(versions).sort(([one], [other]) => (one < other ? -1 : 1)));
}
