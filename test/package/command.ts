import { execFile } from 'node:child_process';

/** What a command printed on standard output. */
export interface Printed {
  readonly ok: boolean;
  readonly out: string;
}

/** Runs a command in a folder; it fails with all that was printed, unless `mayFail`. */
export function run(
  folder: string,
  [command = '', ...args]: readonly string[],
  { mayFail = false }: { readonly mayFail?: boolean } = {},
): Promise<Printed> {
  const options = {
    cwd: folder,
    // On Windows npm is a script.
    shell: process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, out, err) => {
      if (error === null || mayFail) return resolve({ ok: error === null, out });
      reject(new Error(`${command} ${args.join(' ')}:\n${out}${err}`));
    });
  });
}
