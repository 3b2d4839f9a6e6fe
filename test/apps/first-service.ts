import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Packed } from './install.ts';
import type { Shell } from './shell.ts';

/** The longest time from the empty folder to the first read, and the most commands that it may take. */
export const MAX_SECONDS = 300;
export const MAX_COMMANDS = 10;

const PAGE = fileURLToPath(new URL('../../docs/first-service.md', import.meta.url));

/** The commands of docs/first-service.md with `freshet init`, those of the second terminal last. */
export function typedCommands(page = readFileSync(PAGE, 'utf8')): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith('With `freshet init`')) ?? '';
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.trimEnd().split('\n'));
}

/** The address of the function whose name contains a text, as `freshet up` prints it. */
function addressOf(output: string, name: string): string {
  const [, address] = new RegExp(String.raw`${name}\w* at (http://127\.0\.0\.1:\d+)`).exec(output) ?? [];
  if (address === undefined) throw new Error(`freshet up printed no address of ${name}:\n${output}`);
  return address;
}

/**
 * Runs the page's commands as they are typed, in an empty folder. Only the names of Freshet's packages are replaced by
 * the packed files. Yields each command when it has ended.
 *
 * @param busy whether other work slows the machine down, so that the time has no limit
 */
export async function* firstService(
  folder: string,
  packed: Packed,
  shell: Shell,
  { busy = false }: { readonly busy?: boolean } = {},
): AsyncGenerator<string, void> {
  const commands = typedCommands();
  if (commands.length > MAX_COMMANDS) throw new Error(`${commands.length} commands, at most ${MAX_COMMANDS}`);
  mkdirSync(folder);
  const startedMs = performance.now();
  let at = folder;
  let up: Awaited<ReturnType<Shell['start']>> | undefined;
  try {
    for (const command of commands) {
      const [, entered] = /&& cd (\S+)$/.exec(command) ?? [];
      if (command.endsWith('freshet up')) up = await shell.start(at, ['npx', 'freshet', 'up'], 'Running at');
      else if (command.startsWith('curl')) await request(command, up?.output() ?? '', at, shell);
      else await shell.run(at, ['sh', '-c', installed(command, packed)]);
      if (entered !== undefined) at = join(at, entered);
      yield command.startsWith('curl') ? (command.includes('PUT') ? 'put' : 'first read') : shortened(command);
    }
  } finally {
    await up?.end();
  }
  const seconds = (performance.now() - startedMs) / 1000;
  if (!busy && seconds > MAX_SECONDS) throw new Error(`${seconds.toFixed(0)} s, at most ${MAX_SECONDS} s`);
}

const installed = (command: string, packed: Packed) =>
  command.startsWith('npm install') ? command.replaceAll(/\bfreshet-\w+/g, (name) => packed[name] ?? name) : command;

const shortened = (command: string) =>
  command.replace(/^npx /, '').replace(/@\S+/, '').split(' ').slice(0, 2).join(' ');

async function request(command: string, output: string, at: string, shell: Shell): Promise<void> {
  const isPut = command.includes('PUT');
  const address = addressOf(output, isPut ? 'PutCountry' : 'GetCountry');
  const typed = command.replace('http://127.0.0.1:PORT', address).replace(/^curl/, 'curl --silent --fail-with-body');
  const wanted = isPut ? '{"id":"CH","version":1}' : '{"name":"Switzerland","version":1}';
  // The event reaches the cache shortly after the put.
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    const answer = await shell.run(at, ['sh', '-c', typed]).catch((error: unknown) => String(error));
    if (answer === wanted) return;
    if (isPut || performance.now() > deadlineMs) throw new Error(`not the answer of the page: ${answer}`);
  }
}

/** Runs `freshet init` of the packed packages in an empty folder, where it makes the CDK app too, and runs its test. */
export async function* emptyFolder(folder: string, packed: Packed, shell: Shell): AsyncGenerator<string, void> {
  mkdirSync(folder);
  const files = Object.values(packed);
  const packages = files.map((file) => `--package=${file}`);
  const init = ['freshet', 'init', '--yes', '--no-install', '--test', 'vitest'];
  await shell.run(folder, ['npm', 'exec', '--yes', ...packages, '--', ...init]);
  yield 'freshet init';
  await shell.run(folder, ['npm', 'install', ...files]);
  yield 'install';
  await shell.run(folder, ['npx', 'tsc']);
  yield 'types';
  await shell.run(folder, ['npm', 'test']);
  yield 'test';
}
