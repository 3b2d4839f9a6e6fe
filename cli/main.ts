import { Command, CommanderError } from 'commander';
import { EXIT, reportError } from './errors.ts';

/** By name, in the order of the help. Only the one that is typed is loaded: loading all takes longer than most of them run. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./up.ts')).upCommand(),
  put: async () => (await import('./put.ts')).putCommand(),
  delete: async () => (await import('./delete.ts')).deleteCommand(),
  get: async () => (await import('./get.ts')).getCommand(),
  import: async () => (await import('./import/command.ts')).importCommand(),
  export: async () => (await import('./export.ts')).exportCommand(),
  status: async () => (await import('./status/command.ts')).statusCommand(),
  watch: async () => (await import('./watch/command.ts')).watchCommand(),
  parked: async () => (await import('./parked/command.ts')).parkedCommand(),
  release: async () => (await import('./release.ts')).releaseCommand(),
  resync: async () => (await import('./resync.ts')).resyncCommand(),
  backfill: async () => (await import('./backfill/command.ts')).backfillCommand(),
  reconcile: async () => (await import('./reconcile/command.ts')).reconcileCommand(),
  restore: async () => (await import('./restore.ts')).restoreCommand(),
  cost: async () => (await import('./cost/command.ts')).costCommand(),
};

/**
 * Runs what was typed to its end and leaves its exit code in `process.exitCode`; what went wrong is printed.
 *
 * @param typed the arguments, the command's name among them
 */
export async function main(typed: readonly string[]): Promise<void> {
  const program = programOf();
  const name = typed.find((argument) => !argument.startsWith('-')) ?? '';
  const wanted = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]] : Object.values(COMMANDS);
  for (const load of wanted) if (load) program.addCommand(await load());
  try {
    await usage(program).parseAsync([...typed], { from: 'user' });
  } catch (error) {
    // Of its own errors, and of a help that was asked for, commander has printed all.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else process.exitCode = reportError(error, program.opts<{ debug?: boolean }>().debug ?? false);
  }
}

function programOf(): Command {
  return (
    new Command('freshet')
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
      )
      // Contracts and stories may be TypeScript. All that is imported after this is imported slower, so the command itself comes before.
      .hook('preAction', async () => {
        await import('./typescript.ts');
      })
  );
}

function usage(command: Command): Command {
  for (const sub of command.commands) usage(sub);
  return command
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for what is allowed)')
    .exitOverride();
}
