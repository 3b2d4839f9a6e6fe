import { Command, CommanderError } from 'commander';
import { captured } from './captured.ts';
import { EXIT, reportError } from './errors.ts';
import { type CommandIo, interruptedBy, type RunGiven } from './io.ts';
import { type Spinner, startSpinner } from './output/spinner.ts';
import { typed } from './output/typed.ts';

/**
 * The commands, in the order of the help. Only the command that you type is loaded, because loading all of them takes
 * longer than most commands run.
 */
const COMMANDS: Readonly<Record<string, (io: CommandIo) => Promise<Command>>> = {
  init: async (io) => (await import('./commands/init/command.ts')).initCommand(io),
  up: async (io) => (await import('./commands/up/command.ts')).upCommand(io),
  stop: async (io) => (await import('./commands/functions/command.ts')).stopCommand(io),
  start: async (io) => (await import('./commands/functions/command.ts')).startCommand(io),
  rehearse: async (io) => (await import('./commands/rehearse/command.ts')).rehearseCommand(io),
  put: async (io) => (await import('./commands/put.ts')).putCommand(io),
  delete: async (io) => (await import('./commands/delete.ts')).deleteCommand(io),
  get: async (io) => (await import('./commands/get.ts')).getCommand(io),
  import: async (io) => (await import('./commands/import/command.ts')).importCommand(io),
  export: async (io) => (await import('./commands/export.ts')).exportCommand(io),
  status: async (io) => (await import('./commands/status/command.ts')).statusCommand(io),
  watch: async (io) => (await import('./commands/watch/command.ts')).watchCommand(io),
  console: async (io) => (await import('./commands/console/command.ts')).consoleCommand(io),
  why: async (io) => (await import('./commands/why/command.ts')).whyCommand(io),
  events: async (io) => (await import('./commands/events/command.ts')).eventsCommand(io),
  logs: async (io) => (await import('./commands/logs/command.ts')).logsCommand(io),
  parked: async (io) => (await import('./commands/parked/command.ts')).parkedCommand(io),
  release: async (io) => (await import('./commands/release.ts')).releaseCommand(io),
  resync: async (io) => (await import('./commands/resync.ts')).resyncCommand(io),
  backfill: async (io) => (await import('./commands/backfill.ts')).backfillCommand(io),
  reconcile: async (io) => (await import('./commands/reconcile.ts')).reconcileCommand(io),
  survey: async (io) => (await import('./commands/survey.ts')).surveyCommand(io),
  replay: async (io) => (await import('./commands/replay/command.ts')).replayCommand(io),
  restore: async (io) => (await import('./commands/restore.ts')).restoreCommand(io),
  contracts: async (io) => (await import('./commands/contracts/command.ts')).contractsCommand(io),
  cost: async (io) => (await import('./commands/cost/command.ts')).costCommand(io),
};

/** What `runCommand` needs; see `CommandIo`. */
export interface RunOptions extends Pick<CommandIo, 'cwd' | 'stdin' | 'stdout' | 'stderr'> {
  /** Default: the environment of this process. */
  readonly env?: CommandIo['env'];
  /** Default: the command receives no signals. `interruptedBy` makes this function from an abort signal. */
  readonly onSignal?: CommandIo['onSignal'];
  /** Default: `import()`. */
  readonly importModule?: CommandIo['importModule'];
}

/**
 * Runs one command to its end and prints its error, if it has one. Several commands may run in one process, one after
 * the other or at the same time.
 *
 * @param args the arguments, with the name of the command: `['get', 'ordering', 'Country', 'FR']`
 * @returns the exit code
 */
export async function runCommand(args: readonly string[], options: RunOptions): Promise<number> {
  const io: CommandIo = {
    env: process.env,
    onSignal: () => () => undefined,
    importModule: (url) => import(url),
    ...options,
    run: (args, given) => runOther(args, io, given),
    exitCode: EXIT.ok,
  };
  const program = programOf();
  let spinner: Spinner | undefined;
  program.hook('preAction', (_, command) => {
    const text = doingOf(command, io);
    if (text !== undefined) spinner = startSpinner(io, text, { json: command.opts<{ json?: boolean }>().json });
  });
  const name = args.find((argument) => !argument.startsWith('-')) ?? '';
  for (const command of await loadCommands(io, name)) program.addCommand(command);
  try {
    await configured(program, io).parseAsync([...args], { from: 'user' });
    return io.exitCode;
  } catch (error) {
    // Commander has already printed its own errors and the help text.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportError(io, error, program.opts<{ debug?: boolean }>().debug ?? false);
  } finally {
    spinner?.stop();
  }
}

/** Runs a command for another one; see `CommandIo.run`. */
function runOther(args: readonly string[], io: CommandIo, given: RunGiven = {}) {
  const { env = io.env, importModule = io.importModule, signal = new AbortController().signal } = given;
  return captured(given.stdin, (streams) =>
    runCommand(args, { cwd: io.cwd, env, importModule, onSignal: interruptedBy(signal), ...streams }),
  );
}

/** Commands that show what they do by themselves, or that are silent while all is well. */
const WITHOUT_SPINNER = ['init', 'up', 'import', 'logs', 'check', 'console'];

/** What the spinner says of a command, unless the command mainly reads the deployment. */
const DOING: Readonly<Record<string, string>> = {
  cost: 'synthesising an app of one owner and its caches',
  events: "searching the cache's logs",
  replay: 'replaying facts',
};

/** What a silent command does; undefined for a command without a spinner, and while a person types its input. */
function doingOf(command: Command, { stdin }: CommandIo): string | undefined {
  const name = command.name();
  const { data, file, from } = command.opts<{ data?: string; file?: string; from?: string }>();
  const isTyped = name === 'put' && data === undefined && file === undefined && stdin.isTTY;
  const hasBar = name === 'delete' && from !== undefined;
  if (WITHOUT_SPINNER.includes(name) || hasBar || isTyped) return undefined;
  return DOING[name] ?? 'reading the deployment';
}

/** Loads the command with a name, or all commands if no command has the name. */
export async function loadCommands(io: CommandIo, name = ''): Promise<readonly Command[]> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return Promise.all((command ? [command] : Object.values(COMMANDS)).map((load) => load(io)));
}

function programOf(): Command {
  return new Command('freshet')
    .description(
      'Event-carried state transfer on AWS: local read-only caches of the reference data that other services own.',
    )
    .option('--debug', 'print the stack trace of an error')
    .addHelpText(
      'after',
      `
To run a command: ${typed('COMMAND')}
To see its options and exit codes: ${typed('COMMAND --help')}
The commands work on the local cloud that runs for the current folder. To start it: ${typed('up')}
For a deployment on AWS, name its stacks: --stack NAME, or the environment variable FRESHET_STACK.`,
    );
}

/** Makes a command and its subcommands print on the streams of `io`, and throw instead of ending the process. */
function configured(command: Command, io: CommandIo): Command {
  for (const sub of command.commands) configured(sub, io);
  const { stdout, stderr } = io;
  return command
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      getOutHelpWidth: () => widthOf(stdout),
      getErrHelpWidth: () => widthOf(stderr),
      getOutHasColors: () => stdout.isTTY === true,
      getErrHasColors: () => stderr.isTTY === true,
    })
    .showHelpAfterError('(run the command with --help to see its arguments and options)')
    .exitOverride();
}

/** The width that help is wrapped at; commander takes 80 columns where there is no terminal. */
function widthOf({ isTTY, columns }: CommandIo['stdout']): number {
  return isTTY && columns !== undefined ? columns : 80;
}
