import { createRequire, register } from 'node:module';
import { sep } from 'node:path';
import type { CommandIo } from './io.ts';

/** What a command gets whose modules of the app can be loaded again. */
export interface Renewable {
  /** The command's own io. `importModule`, also of the commands that it runs, loads the newest modules. */
  readonly io: CommandIo;
  /** Has modules of the app, with all that they import, loaded from their files again when they are needed next. */
  renew(): void;
}

/** The part of an address that sets the modules of a renewal apart. Node loads each address once. */
const PARAMETER = 'freshet-renewed';

/**
 * Hooks of Node that pass the parameter on from a module to what it imports. Installed packages are left out: they
 * don't change, and each renewal would hold another copy of them in memory.
 */
const HOOKS = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const [parameter] = /(?<=[?&])${PARAMETER}=[0-9]+/.exec(context.parentURL ?? '') ?? [];
  if (parameter === undefined || !found.url.startsWith('file:') || found.url.includes('/node_modules/')) return found;
  return { ...found, url: found.url + (found.url.includes('?') ? '&' : '?') + parameter };
}`;

/** A renewal has a number of its own in the whole process. */
let renewals = 0;

/** Makes the modules of the app renewable for a command that runs while a person changes the app. */
export function withRenewableModules(io: CommandIo): Renewable {
  let parameter: string | undefined;
  const importModule: CommandIo['importModule'] = (url) =>
    io.importModule(parameter === undefined ? url : `${url}?${parameter}`);
  return {
    io: { ...io, importModule, run: (args, given) => io.run(args, { ...given, importModule }) },
    renew() {
      if (renewals === 0) register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
      renewals += 1;
      parameter = `${PARAMETER}=${renewals}`;
      forgetCommonJs();
    },
  };
}

/** CommonJS modules are remembered by their paths, without parameters. */
function forgetCommonJs(): void {
  const { cache } = createRequire(import.meta.url);
  for (const path of Object.keys(cache)) if (!path.includes(`${sep}node_modules${sep}`)) delete cache[path];
}
