import { execFile } from 'node:child_process';

/** The output of a command. */
export interface Printed {
  /** Whether its exit code is 0. */
  readonly ok: boolean;
  /** Its standard output. */
  readonly out: string;
  /** Its standard error. */
  readonly err: string;
}

/**
 * Runs a command in a folder. Throws an error with the whole output if the command fails.
 *
 * @param options.mayFail returns the output of a failed command instead; default false
 */
export function run(
  folder: string,
  [command = '', ...args]: readonly string[],
  { mayFail = false }: { readonly mayFail?: boolean } = {},
): Promise<Printed> {
  const options = {
    cwd: folder,
    // On Windows, npm is a script, which needs a shell.
    shell: process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, out, err) => {
      if (error === null || mayFail) return resolve({ ok: error === null, out, err });
      reject(new Error(`${command} ${args.join(' ')}:\n${out}${err}`));
    });
  });
}
