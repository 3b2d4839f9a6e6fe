#!/usr/bin/env node
// Contracts and stories may be TypeScript, which Node 20 doesn't load by itself.
import 'tsx';
import { Command } from 'commander';
import { EXIT, reportError } from '../cli/errors.ts';

// On Node 20 the SDK prints that it will drop it; the version a person has here isn't what runs in Lambda.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// Whoever reads the output has had enough, as `head` has: the command goes on, and its exit code says what became of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const program = new Command('freshet')
  .description(
    'Event-carried state transfer on AWS: local read-only caches of the reference data that other services own.',
  )
  .option('--debug', 'show where an error came from')
  .addHelpText(
    'after',
    `
In an app that has the package, type a command as: npx freshet COMMAND
In a clone of the project: npm run -s freshet -- COMMAND
Commands find the running local cloud by themselves; start one with: npx freshet up (in a clone: npm start)
status and watch also look at stacks on AWS: --stack NAME`,
  );

const usage = (command: Command): Command => {
  for (const sub of command.commands) usage(sub);
  return command
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for what is allowed)')
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
    });
};

/** By name, in the order of the help. Only the one that is typed is loaded: loading all takes longer than most of them run. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('../cli/up.ts')).upCommand(),
  put: async () => (await import('../cli/put.ts')).putCommand(),
  delete: async () => (await import('../cli/delete.ts')).deleteCommand(),
  get: async () => (await import('../cli/get.ts')).getCommand(),
  import: async () => (await import('../cli/import/command.ts')).importCommand(),
  export: async () => (await import('../cli/export.ts')).exportCommand(),
  status: async () => (await import('../cli/status/command.ts')).statusCommand(),
  watch: async () => (await import('../cli/watch/command.ts')).watchCommand(),
  parked: async () => (await import('../cli/parked/command.ts')).parkedCommand(),
  release: async () => (await import('../cli/release.ts')).releaseCommand(),
  resync: async () => (await import('../cli/resync.ts')).resyncCommand(),
  backfill: async () => (await import('../cli/backfill/command.ts')).backfillCommand(),
  reconcile: async () => (await import('../cli/reconcile/command.ts')).reconcileCommand(),
  restore: async () => (await import('../cli/restore.ts')).restoreCommand(),
  cost: async () => (await import('../cli/cost/command.ts')).costCommand(),
};
const typed = process.argv.slice(2).find((argument) => !argument.startsWith('-')) ?? '';
const wanted = Object.hasOwn(commands, typed) ? [commands[typed]] : Object.values(commands);
for (const load of wanted) if (load) program.addCommand(usage(await load()));

try {
  await usage(program).parseAsync();
} catch (error) {
  process.exitCode = reportError(error, program.opts<{ debug?: boolean }>().debug ?? false);
}
