import { copyFileSync, cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Combination, Packages } from './combinations.ts';
import type { Shell } from './shell.ts';
import { addServices, GEOGRAPHY, readJson, write, writeApp } from './write-app.ts';

/** The CDK's command line that makes the app, as pinned in package.json. */
const CDK = 'aws-cdk@2.1148.1';
/** The last versions that run on Node 20. */
const PNPM = 'pnpm@10.34.9';
const YARN = 'yarn@1.22.22';

const NPM_INSTALL = ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

/** What every app installs besides the packages of `cdk init`. */
const BESIDES = {
  '@aws-sdk/client-cloudwatch': '3.1164.0',
  esbuild: '0.28.2',
  zod: '4.6.7',
};
/** For the apps with ts-node, which doesn't know TypeScript 7. */
const TYPESCRIPT_5 = ['typescript@5.9.3', 'ts-node@10.9.2'];

/**
 * aws-cdk-lib brings version 1.14.0 of this package in its own archive. yarn also asks the registry for it, and not
 * every registry has it. npm and pnpm don't ask.
 */
const BUNDLED_IN_CDK = { '@aws/cloudformation-validate': '1.9.0-beta' };

/** The paths of Freshet's packed packages by name. */
export type Packed = Readonly<Record<string, string>>;

/**
 * Makes the app of `cdk init` in a folder, with Freshet's packages, and installs its packages. The apps of npm share
 * them.
 *
 * @param options.typescript5 whether one of the apps has ts-node and TypeScript 5
 */
export async function installInit(
  folder: string,
  packed: Packed,
  { typescript5 }: { readonly typescript5: boolean },
  shell: Shell,
): Promise<void> {
  const project = join(folder, 'app');
  await shell.run(folder, ['mkdir', '-p', project]);
  await shell.run(project, ['npx', '--yes', CDK, 'init', 'app', '--language', 'typescript', '--generate-only']);
  for (const made of ['bin/app.ts', 'lib/app-stack.ts', 'test/app.test.ts']) rmSync(join(project, made));
  const { dependencies, devDependencies, ...rest } = readJson(join(project, 'package.json'));
  const freshet = Object.fromEntries(Object.entries(packed).map(([name, file]) => [name, `file:${file}`]));
  write(project, {
    'package.json': {
      ...rest,
      private: true,
      dependencies: { ...(dependencies as object), ...BESIDES, ...freshet },
      devDependencies,
    },
  });
  await shell.run(project, NPM_INSTALL);
  if (!typescript5) return;
  const other = join(folder, 'typescript-5');
  write(other, { 'package.json': { private: true } });
  await shell.run(other, [...NPM_INSTALL, ...TYPESCRIPT_5]);
}

/** Makes the folder of a combination. Returns the folder with its cdk.json. */
export async function installApp(folder: string, given: Combination, packed: Packed, shell: Shell): Promise<string> {
  const target = join(folder, given.name);
  if (given.packages === 'npm') {
    // Hard links: a copy of 400 MB would take most of the time.
    await shell.run(folder, ['cp', '-al', 'app', given.name]);
    // These files are written in place later, which would change them in every app.
    for (const name of ['package.json', 'cdk.json', 'tsconfig.json', 'jest.config.js', 'package-lock.json']) {
      const file = join(target, name);
      if (!existsSync(file)) continue;
      rmSync(file);
      copyFileSync(join(folder, 'app', name), file);
    }
    if (given.typescript === 5) {
      rmSync(join(target, 'node_modules', 'typescript'), { recursive: true });
      await shell.run(folder, ['cp', '-alf', 'typescript-5/node_modules/.', join(given.name, 'node_modules')]);
    }
    writeApp(target, given);
    await addServices(target, given, shell);
    return target;
  }
  return installWorkspace(target, join(folder, 'app'), given, packed, shell);
}

/** What differs between the package managers' workspaces. */
const WORKSPACES: Readonly<
  Record<
    Exclude<Packages, 'npm'>,
    { readonly own: string; readonly field: string; readonly install: readonly string[] }
  >
> = {
  'npm workspaces': { own: '*', field: 'overrides', install: NPM_INSTALL },
  'pnpm workspaces': {
    own: 'workspace:*',
    field: 'pnpm',
    install: ['npx', '--yes', PNPM, 'install', '--prefer-offline', '--no-frozen-lockfile', '--store-dir', 'STORE'],
  },
  'yarn workspaces': {
    own: '*',
    field: 'resolutions',
    install: ['npx', '--yes', YARN, 'install', '--prefer-offline', '--silent', '--cache-folder', 'STORE'],
  },
};

/** A repository with the owner's contracts in one package, and the CDK app in another. */
async function installWorkspace(
  target: string,
  init: string,
  given: Combination & { readonly packages: Packages },
  packed: Packed,
  shell: Shell,
): Promise<string> {
  const workspace = WORKSPACES[given.packages as Exclude<Packages, 'npm'>];
  const freshet = Object.fromEntries(Object.entries(packed).map(([name, file]) => [name, `file:${file}`]));
  const { 'freshet-aws': aws = '' } = freshet;
  // The packed packages name each other by version, which no registry has yet.
  const overrides =
    workspace.field === 'pnpm'
      ? { overrides: freshet }
      : { ...freshet, ...(workspace.field === 'resolutions' && BUNDLED_IN_CDK) };
  const { 'aws-cdk-lib': lib, constructs } = readJson(join(init, 'package.json')).dependencies as Record<
    string,
    string
  >;
  write(target, {
    'package.json': {
      name: 'shop',
      private: true,
      workspaces: ['packages/*'],
      [workspace.field]: overrides,
    },
    'packages/contracts/package.json': {
      name: '@shop/contracts',
      version: '1.0.0',
      type: 'module',
      exports: { './geography': './src/geography.ts' },
      dependencies: { 'freshet-aws': aws, zod: BESIDES.zod },
    },
    'packages/contracts/src/geography.ts': GEOGRAPHY,
    'packages/infra/package.json': {
      name: '@shop/infra',
      version: '1.0.0',
      type: 'module',
      dependencies: { '@shop/contracts': workspace.own, 'aws-cdk-lib': lib, constructs, ...BESIDES, ...freshet },
      devDependencies: { '@types/node': '^24.10.1', tsx: '^4.23.0', typescript: '~7.0.2' },
    },
    ...(workspace.field === 'pnpm' && { 'pnpm-workspace.yaml': "packages: ['packages/*']\n" }),
  });
  const app = join(target, 'packages', 'infra');
  cpSync(join(init, 'cdk.json'), join(app, 'cdk.json'));
  writeApp(app, given);
  await shell.run(
    target,
    workspace.install.map((one) => (one === 'STORE' ? join(target, '..', 'store') : one)),
  );
  await addServices(app, given, shell);
  return app;
}
