/** TypeScript in a clone of the project, JavaScript in the package. */
const isClone = import.meta.url.endsWith('.ts');

/**
 * A command as you type it: `npx freshet status`; `pnpm freshet status` or `yarn freshet status` if that is how this
 * command was started; in a clone of the project `npm run -s freshet -- status`.
 */
export function typed(command: string): string {
  return `${isClone ? 'npm run -s freshet --' : startedBy(process.env.npm_config_user_agent)} ${command}`;
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
