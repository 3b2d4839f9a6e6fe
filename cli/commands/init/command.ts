import { Command, Option } from 'commander';
import { EXIT, UsageError } from '../../errors.ts';
import { interruptible } from '../../interrupt.ts';
import type { CommandIo } from '../../io.ts';
import { startedBy } from '../../output/typed.ts';
import type { Added } from './added.ts';
import { isEmpty, makeApp } from './new-app.ts';
import { type PackageManager, packageManagerOf } from './package-manager.ts';
import { type Plan, planOf } from './plan.ts';
import { type Project, readProject, TEST_RUNNERS, type TestRunner } from './project.ts';
import { checkAdded, completed } from './questions.ts';
import { run } from './run.ts';
import { checkVersions } from './versions.ts';
import { checkWritable, writePlan } from './write.ts';

interface InitOptions extends Partial<Added> {
  readonly test?: TestRunner;
  readonly install: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** `freshet init`: adds a first type, with its owner and its cache, to a CDK app. */
export function initCommand(io: CommandIo): Command {
  return new Command('init')
    .summary('add a type, the service that owns it and a service that caches it to a CDK app')
    .description(
      'Adds the contracts and stacks of two services to the CDK app of the current folder: one owns a type of ' +
        'entity, and one caches it. Each gets a Lambda function of its own: one writes, the other reads the cache. ' +
        'Also adds a test that runs both on the local cloud, and the packages and scripts that the app lacks. In an ' +
        'empty folder, `cdk init` makes the CDK app first. No existing file is overwritten.',
    )
    .option('--owner <name>', 'the service that owns the type; default: geography')
    .option('--type <name>', 'the type of the entities; default: Country')
    .option('--cache <name>', 'the service that caches the type; default: ordering')
    .addOption(
      new Option('--test <runner>', 'the runner of the test; default: the one of package.json, or node:test').choices(
        TEST_RUNNERS,
      ),
    )
    .option('--no-install', "don't install the packages that were added to package.json")
    .option('-y, --yes', "take the defaults and don't ask")
    .option('--dry-run', 'print what would be written, and write nothing')
    .addHelpText(
      'after',
      `
The command asks for the names that no option gives. Without a terminal, it takes the defaults.

Exit codes:
  0    the files are written and the packages are installed
  1    \`cdk init\` or the installation failed
  2    nothing was written: a name is not valid, a file exists or can't be written, a package is too old, the package
       manager isn't npm, pnpm or yarn, or the folder has no CDK app and isn't empty
  130  interrupted`,
    )
    .action(async (options: InitOptions) => {
      io.exitCode = await interruptible(io, (signal) => init(io, options, signal));
    });
}

async function init(io: CommandIo, options: InitOptions, signal: AbortSignal): Promise<number> {
  const { cwd: folder, stdout } = io;
  const manager = packageManagerOf(folder);
  const isNew = isEmpty(folder);
  if (!isNew) checkVersions(readProject(folder), manager);
  const added = await namesOf(io, options, signal);
  if (added === undefined) return EXIT.interrupted;
  checkAdded(added);
  if (isNew) {
    if (options.dryRun) throw new UsageError('--dry-run: needs a CDK app. This folder is empty.');
    const code = await makeApp(io, options.test, signal);
    if (code !== 0) return signal.aborted ? EXIT.interrupted : EXIT.failed;
  }
  const project = readProject(folder);
  const plan = planOf(project, added, runnerOf(project, options.test));
  checkWritable(folder, plan);
  for (const file of Object.keys(plan.created)) stdout.write(`  + ${file}\n`);
  for (const file of Object.keys(plan.changed)) stdout.write(`  ~ ${file}\n`);
  if (options.dryRun) return EXIT.ok;
  writePlan(folder, plan);
  const isInstalling = options.install && !project.isProjen;
  if (isInstalling) {
    const code = await install(io, manager, signal);
    if (code !== EXIT.ok) return code;
  }
  const packages = project.isProjen ? 'npx projen' : `${manager} install`;
  stdout.write(nextSteps(plan, manager, isInstalling ? [] : [packages], added));
  return EXIT.ok;
}

async function install(io: CommandIo, manager: PackageManager, signal: AbortSignal): Promise<number> {
  io.stdout.write(`\n${manager} install\n`);
  const code = await run(io, [manager, 'install'], signal);
  if (signal.aborted) return EXIT.interrupted;
  if (code === 0) return EXIT.ok;
  io.stderr.write(
    `error: ${manager} install failed (exit code ${code}). The files of the app are written. Fix the problem that ` +
      `${manager} names, then run \`${manager} install\`.\n`,
  );
  return EXIT.failed;
}

/** The names from the options and the answers; undefined after Ctrl-C. */
async function namesOf(io: CommandIo, options: InitOptions, signal: AbortSignal): Promise<Added | undefined> {
  const { owner, type, cache } = options;
  const given = {
    ...(owner !== undefined && { owner }),
    ...(type !== undefined && { type }),
    ...(cache !== undefined && { cache }),
  };
  try {
    return await completed(io, given, options.yes !== true, signal);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    io.stderr.write('\ninterrupted; nothing was written\n');
    return undefined;
  }
}

function runnerOf({ isCommonJs, runner }: Project, given: TestRunner | undefined): TestRunner {
  if (given === 'jest' && !isCommonJs) {
    throw new UsageError('--test: jest needs a CommonJS app, and this app has ES modules. Allowed: vitest, node:test.');
  }
  return given ?? runner ?? 'node:test';
}

const SIGNED = 'curl --aws-sigv4 aws:amz:us-east-1:lambda --user local:local';

function nextSteps(plan: Plan, manager: string, before: readonly string[], { type }: Added): string {
  const byHand = plan.byHand.map((text) => `\n${text}\n`).join('');
  const first = before.map((command) => `  ${command}\n`).join('');
  const test = plan.testScript === 'test' && manager === 'npm' ? 'npm test' : `${manager} run ${plan.testScript}`;
  return `${byHand}
Next:
${first}  ${test}
  ${startedBy(`${manager}/`)} up

\`up\` prints the addresses of both functions. In a second terminal, write to Put${type} and read from Get${type}:
  ${SIGNED} -X PUT http://127.0.0.1:PORT/first -d '{"name":"First"}'
  ${SIGNED} http://127.0.0.1:PORT/first
`;
}
