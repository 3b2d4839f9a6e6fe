#!/usr/bin/env node
// Contracts and stories may be TypeScript, which Node 20 doesn't load by itself.
import 'tsx';
import { Command } from 'commander';
import { backfillCommand } from '../cli/backfill/command.ts';
import { costCommand } from '../cli/cost/command.ts';
import { deleteCommand } from '../cli/delete.ts';
import { EXIT, reportError } from '../cli/errors.ts';
import { exportCommand } from '../cli/export.ts';
import { getCommand } from '../cli/get.ts';
import { importCommand } from '../cli/import/command.ts';
import { parkedCommand } from '../cli/parked/command.ts';
import { putCommand } from '../cli/put.ts';
import { reconcileCommand } from '../cli/reconcile/command.ts';
import { releaseCommand } from '../cli/release.ts';
import { restoreCommand } from '../cli/restore.ts';
import { resyncCommand } from '../cli/resync.ts';
import { statusCommand } from '../cli/status/command.ts';
import { upCommand } from '../cli/up.ts';
import { watchCommand } from '../cli/watch/command.ts';

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

const commands = [
  upCommand(),
  putCommand(),
  deleteCommand(),
  getCommand(),
  importCommand(),
  exportCommand(),
  statusCommand(),
  watchCommand(),
  parkedCommand(),
  releaseCommand(),
  resyncCommand(),
  backfillCommand(),
  reconcileCommand(),
  restoreCommand(),
  costCommand(),
];
for (const command of commands) program.addCommand(usage(command));

try {
  await usage(program).parseAsync();
} catch (error) {
  process.exitCode = reportError(error, program.opts<{ debug?: boolean }>().debug ?? false);
}
