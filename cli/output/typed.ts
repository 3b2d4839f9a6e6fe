import type { DeploymentOptions } from '../options/deployment-options.ts';

/** TypeScript in a clone of the project, JavaScript in the package. */
const isClone = import.meta.url.endsWith('.ts');

/**
 * A command as you type it: `npx freshet status`; `pnpm freshet status` or `yarn freshet status` if that is how this
 * command was started; in a clone of the project `npm run -s freshet -- status`.
 *
 * @param on the options that named the deployment of this command, for a command on the same deployment
 * @param args the arguments of the command, which may hold any characters
 */
export function typed(command: string, on: DeploymentOptions = {}, args: readonly string[] = []): string {
  const { stack, region, profile } = on;
  const start = isClone ? 'npm run -s freshet --' : startedBy(process.env.npm_config_user_agent);
  const named = { stack: stack?.join(','), region, profile };
  const options = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, shellQuoted(value)],
  );
  const end = args.some((one) => one.startsWith('-')) ? ['--'] : [];
  return [start, command, ...options, ...end, ...args.map(shellQuoted)].join(' ');
}

/** A text as one word of a POSIX shell, which the shell leaves as it is. */
export function shellQuoted(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!/\p{Cc}/u.test(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = text.replaceAll(/['\\]/g, String.raw`\$&`).replaceAll(/\p{Cc}/gu, (control) => {
    return String.raw`\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `$'${escaped}'`;
}

/**
 * How a package manager starts the command line.
 *
 * @param userAgent what the package manager sets, such as `pnpm/10.34.9 npm/? node/v20.19.2 linux x64`
 */
export function startedBy(userAgent: string | undefined): string {
  const [name] = /^(?:pnpm|yarn)(?=\/)/.exec(userAgent ?? '') ?? [];
  return `${name ?? 'npx'} freshet`;
}
