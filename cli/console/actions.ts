import type { CommandIo } from '../io.ts';
import type { DeploymentOptions } from '../options/deployment-options.ts';
import { shellQuoted, typed } from '../output/typed.ts';
import { shortened } from '../output/width.ts';
import { ACTION_NAMES, checkedInput } from './action-inputs.ts';
import type { ActionDocument, ActionInputs, ActionName } from './api/documents.ts';

/** The command of an action. */
export interface ActionCommand {
  /** The command with its options, such as `parked redrive`. */
  readonly command: readonly string[];
  /** The arguments, which may begin with a dash. */
  readonly args: readonly string[];
  /** What the command reads from standard input. */
  readonly stdin?: string;
  /** The options and arguments as they are shown, if they are too long. */
  readonly shown?: { readonly command?: readonly string[]; readonly args?: readonly string[] };
}

/** The actions of a console. */
export interface Actions {
  /** The names of all actions. */
  readonly known: readonly ActionName[];
  /** The names of the actions that this console may run. */
  readonly names: readonly ActionName[];
  /** @throws UsageError if the input is invalid */
  run(name: ActionName, input: unknown): Promise<ActionDocument>;
}

/** What `createActions` needs. */
export interface ActionOptions {
  readonly io: Pick<CommandIo, 'run' | 'env'>;
  readonly isLocal: boolean;
  /** The options that name the deployment on AWS; none for the local cloud. */
  readonly on: DeploymentOptions;
  /** Whether a console of a deployment on AWS may change it. */
  readonly write: boolean;
  /** Its abort interrupts the commands that run. */
  readonly signal: AbortSignal;
}

/** How long a write may wait while a cache lags. A person waits for the answer. */
const MAX_WAIT = '5s';

/** The characters of a state, and the keys, that the shown command has. */
const SHOWN = { data: 80, keys: 3 } as const;

const COMMANDS: { readonly [N in ActionName]: (input: ActionInputs[N]) => ActionCommand } = {
  put: ({ type, id, stateJson, expectedVersion }) => {
    const options = writeOptions(expectedVersion);
    const data = shellQuoted(shortened(stateJson, SHOWN.data));
    return {
      command: ['put', ...options],
      args: [type, id],
      stdin: stateJson,
      shown: { command: ['put', ...options, '--data', data] },
    };
  },
  delete: ({ type, id, expectedVersion }) => ({
    command: ['delete', '--yes', ...writeOptions(expectedVersion)],
    args: [type, id],
  }),
  resync: ({ type, id }) => ({ command: ['resync'], args: [type, id] }),
  release: ({ cache, type, id, drop }) => ({
    command: ['release', ...(drop ? ['--drop', '--yes'] : [])],
    args: [cache, type, id],
  }),
  redrive: ({ name, keys }) => ({ command: ['parked', 'redrive'], ...named(name, keys) }),
  discard: ({ name, keys }) => ({ command: ['parked', 'discard', '--yes'], ...named(name, keys) }),
  backfill: ({ cache, type, restart }) => ({
    command: ['backfill', ...(restart ? ['--restart'] : []), '--no-wait'],
    args: [cache, type],
  }),
  reconcile: ({ cache, type }) => ({ command: ['reconcile', '--no-wait'], args: [cache, type] }),
  stop: (input) => ({ command: ['stop'], args: [input.function] }),
  start: (input) => ({ command: ['start'], args: [input.function] }),
};

function writeOptions(expectedVersion: number | undefined): readonly string[] {
  const version = expectedVersion === undefined ? [] : ['--expected-version', String(expectedVersion)];
  return ['--max-wait', MAX_WAIT, ...version];
}

function named(name: string, keys: readonly string[]): Pick<ActionCommand, 'args' | 'shown'> {
  const some = keys.slice(0, SHOWN.keys);
  const more = keys.length > SHOWN.keys ? [`… ${keys.length - SHOWN.keys} more`] : [];
  return { args: [name, ...keys], shown: { args: [name, ...some, ...more] } };
}

/** The command that carries out an action. @param input the checked input */
export function commandOf<N extends ActionName>(name: N, input: ActionInputs[N]): ActionCommand {
  return COMMANDS[name](input);
}

/** Creates the actions of a console. Each runs the command of its name in this process. */
export function createActions({ io, isLocal, on, write, signal }: ActionOptions): Actions {
  // A local console must not reach AWS because the environment names stacks.
  const { FRESHET_STACK: _, ...env } = io.env;
  return {
    known: ACTION_NAMES,
    names: ACTION_NAMES.filter((name) => isLocal || (write && !isOnlyLocal(name))),
    async run(name, given) {
      const command = commandOf(name, checkedInput(name, given));
      const args = [...command.command, '--json', ...optionsOf(on), '--', ...command.args];
      const ended = await io.run(args, { stdin: command.stdin, signal, ...(isLocal && { env }) });
      return {
        command: typed((command.shown?.command ?? command.command).join(' '), on, command.shown?.args ?? command.args),
        exitCode: ended.exitCode,
        result: parsed(ended.stdout),
        message: ended.stderr.trim(),
      };
    },
  };
}

function isOnlyLocal(name: ActionName): boolean {
  return name === 'stop' || name === 'start';
}

function optionsOf({ stack, region, profile }: DeploymentOptions): readonly string[] {
  const given = { stack: stack?.join(','), region, profile };
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
}

function parsed(printed: string): unknown {
  try {
    return JSON.parse(printed);
  } catch {
    return null;
  }
}
