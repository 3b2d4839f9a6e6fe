import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { boundaryOf, type ContractsModule } from 'freshet-aws/internal/core/contract/define-boundary';
import type { CommandIo } from '../io.ts';

/** The contracts of a deployment's boundaries. */
export interface Contracts {
  /** The folder of the app. */
  readonly folder: string;
  /**
   * Loads the boundary with a name from the path of its contracts; undefined if no contracts may be loaded from the
   * path.
   */
  load(path: string, name: string): Promise<Boundary | undefined>;
}

type Importing = Pick<CommandIo, 'importModule'>;

/**
 * The contracts of an app that runs in the local cloud. Its outputs were written on this machine, so contracts may be
 * loaded from every path in them.
 */
export function localContracts(folder: string, { importModule }: Importing): Contracts {
  return remembered({ folder, load: (path, name) => importBoundary(resolve(folder, path), name, importModule) });
}

/**
 * The contracts of stacks on AWS, from the app in a folder. Contracts are loaded only from inside the folder of a CDK
 * app, because a person who can write the output of a stack must not choose which code runs here.
 */
export function contractsIn(folder: string, { importModule }: Importing): Contracts {
  return remembered({
    folder,
    async load(contracts, name) {
      const path = resolve(folder, contracts);
      if (!existsSync(join(folder, 'cdk.json')) || !existsSync(path)) return undefined;
      // A link must not lead out of the folder.
      const inside = relative(realpathSync(folder), realpathSync(path));
      if (inside.startsWith('..') || isAbsolute(inside)) return undefined;
      return importBoundary(path, name, importModule);
    },
  });
}

async function importBoundary(path: string, name: string, importModule: CommandIo['importModule']): Promise<Boundary> {
  return boundaryOf((await importModule(pathToFileURL(path).href)) as ContractsModule, name);
}

function remembered({ folder, load }: Contracts): Contracts {
  const loaded = new Map<string, Promise<Boundary | undefined>>();
  return {
    folder,
    load(path, name) {
      const key = `${name} ${path}`;
      const boundary = loaded.get(key) ?? load(path, name);
      loaded.set(key, boundary);
      return boundary;
    },
  };
}
