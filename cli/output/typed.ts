import type { DeploymentOptions } from '../options/deployment-options.ts';

/** TypeScript in a clone of the project, JavaScript in the package. */
const isClone = import.meta.url.endsWith('.ts');

/**
 * A command as you type it: `npx freshet status`; `pnpm freshet status` or `yarn freshet status` if that is how this
 * command was started; in a clone of the project `npm run -s freshet -- status`.
 *
 * @param on the options that named the deployment of this command, for a command on the same deployment
 */
export function typed(command: string, on: DeploymentOptions = {}): string {
  const { stack, region, profile } = on;
  const start = isClone ? 'npm run -s freshet --' : startedBy(process.env.npm_config_user_agent);
  const named = { stack: stack?.join(','), region, profile };
  const options = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [` --${name} ${value}`],
  );
  return `${start} ${command}${options.join('')}`;
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
