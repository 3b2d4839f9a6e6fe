import { existsSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Boundary } from 'freshet-aws/internal/core/contract';

/**
 * The entity types that a cache keeps, from its contracts in the current folder; undefined where they aren't there. A path that leads out of
 * the folder isn't followed: whoever can write a stack's output must not choose what runs here.
 */
export async function keptTypesOf(contracts: string): Promise<readonly string[] | undefined> {
  const path = resolve(contracts);
  const inside = relative(process.cwd(), path);
  if (inside.startsWith('..') || isAbsolute(inside) || !existsSync(path)) return undefined;
  const module = (await import(pathToFileURL(path).href)) as { default?: Boundary };
  return module.default && Object.keys(module.default.caches);
}
