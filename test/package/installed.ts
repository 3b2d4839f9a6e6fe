import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** The size of one block of `lstat`, in bytes. */
const BLOCK_BYTES = 512;

/** Files that contain machine code or WebAssembly. */
const BINARY = /\.(node|wasm|exe|dll|so|dylib)$/;

const lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      hasInstallScript: z.boolean().optional(),
      os: z.array(z.string()).optional(),
      cpu: z.array(z.string()).optional(),
    }),
  ),
});

/** The packages in a folder's `node_modules`. */
export interface Installed {
  /** The packages as paths, such as `node_modules/zod`. */
  readonly packages: readonly string[];
  /** Disk space of `node_modules` in bytes, as `du` counts it. */
  readonly bytes: number;
  /** Packages that are built for one platform or run a script when they are installed, and binary files. */
  readonly binaries: readonly string[];
}

/** Reads what npm installed in a folder. */
export function installedIn(folder: string): Installed {
  const modules = join(folder, 'node_modules');
  const { packages } = lock.parse(JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')));
  const native = Object.entries(packages).filter(([, { hasInstallScript, os, cpu }]) => hasInstallScript || os || cpu);
  const files = readdirSync(modules, { recursive: true, encoding: 'utf8' });
  return {
    packages: Object.keys(packages),
    bytes: files.reduce((sum, file) => sum + diskSpace(join(modules, file)), diskSpace(modules)),
    binaries: [...native.map(([path]) => path), ...files.filter((file) => BINARY.test(file))],
  };
}

function diskSpace(path: string): number {
  const { blocks, size } = lstatSync(path);
  // Windows reports no blocks.
  return blocks === undefined ? size : blocks * BLOCK_BYTES;
}
