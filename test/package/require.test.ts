import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { root } from '../support/command-line.ts';

const manifest = z.object({ dependencies: z.record(z.string(), z.string()) });

/** Packages that contain types only. */
const TYPES = /^(@types\/.*|@standard-schema\/spec)$/;

/** The packages that a CommonJS app may require. The command line is a process of its own. */
test.each(['.', 'local'])("each dependency of the package in '%s' has an entry for require", (folder) => {
  const file = join(root, folder, 'package.json');
  const require = createRequire(file);
  const { dependencies } = manifest.parse(JSON.parse(readFileSync(file, 'utf8')));
  const without = Object.keys(dependencies).filter((name) => {
    // Its entry is built by `npm run build`; test/package/main.ts requires it.
    if (name === 'freshet-aws' || TYPES.test(name)) return false;
    try {
      return require.resolve(name) === '';
    } catch {
      return true;
    }
  });
  expect(without).toEqual([]);
});
