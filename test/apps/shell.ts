import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** Runs commands in the folders of apps. All of them end when the signal aborts. */
export interface Shell {
  /** Runs a command to its end and returns its output. Throws an error with the output if the command fails. */
  run(folder: string, command: readonly string[]): Promise<string>;
  /** Runs a command that must fail. Returns its output. */
  fail(folder: string, command: readonly string[]): Promise<string>;
  /** Starts a command. Resolves when it has printed a text. */
  start(folder: string, command: readonly string[], until: string): Promise<Started>;
}

/** A command that runs. */
export interface Started {
  output(): string;
  /** Ends the command by Ctrl-C. */
  end(): Promise<void>;
}

/** The longest time that one command may take. */
const LONGEST_MS = 5 * 60_000;

/** How many characters of a failed command's output are shown. */
const SHOWN = 4_000;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export function createShell(signal: AbortSignal): Shell {
  const ended = async (folder: string, command: readonly string[]): Promise<Ended> => {
    const { child, text, exited } = launch(folder, command, signal);
    const timer = setTimeout(() => kill(child, 'SIGKILL'), LONGEST_MS);
    const code = await exited;
    clearTimeout(timer);
    signal.throwIfAborted();
    return { code, output: text() };
  };
  return {
    async run(folder, command) {
      const { code, output } = await ended(folder, command);
      if (code === 0) return output;
      throw new Error(`${command.join(' ')} (exit code ${code}):\n${output.slice(-SHOWN)}`);
    },
    async fail(folder, command) {
      const { code, output } = await ended(folder, command);
      if (code !== 0) return output;
      throw new Error(`${command.join(' ')} did not fail:\n${output.slice(-SHOWN)}`);
    },
    async start(folder, command, until) {
      const { child, text, exited } = launch(folder, command, signal);
      await new Promise<void>((resolve, reject) => {
        const look = () => text().includes(until) && resolve();
        child.stdout?.on('data', look);
        child.stderr?.on('data', look);
        void exited.then((code) =>
          reject(new Error(`${command.join(' ')} ended early (exit code ${code}):\n${text().slice(-SHOWN)}`)),
        );
      });
      return {
        output: text,
        async end() {
          kill(child, 'SIGINT');
          await exited;
        },
      };
    },
  };
}

function launch(folder: string, command: readonly string[], signal: AbortSignal) {
  signal.throwIfAborted();
  const [name = '', ...args] = command;
  // A process group of its own: Ctrl-C reaches this process only, which ends the group.
  const child = spawn(name, args, {
    cwd: folder,
    env: environment(folder),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => parts.push(part));
  const stop = () => kill(child, 'SIGKILL');
  signal.addEventListener('abort', stop);
  const exited = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const done = exited.finally(() => signal.removeEventListener('abort', stop));
  return { child, exited: done, text: () => parts.join('') };
}

/** The commands of the app come before those of the machine, as in a script of package.json. */
function environment(folder: string): NodeJS.ProcessEnv {
  const commands: string[] = [];
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    const bin = join(at, 'node_modules', '.bin');
    if (existsSync(bin)) commands.push(bin);
  }
  const inherited = Object.entries(process.env).filter(([key]) => !/^npm_|^NODE_OPTIONS$/i.test(key));
  return {
    ...Object.fromEntries(inherited),
    PATH: [...commands, process.env.PATH].join(delimiter),
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    CDK_DISABLE_VERSION_CHECK: '1',
    CI: 'true',
    // A person answers with yes if npx asks whether to install the CDK.
    npm_config_yes: 'true',
  };
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // No process of the group is left.
  }
}
