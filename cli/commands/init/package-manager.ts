import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../../errors.ts';
import { plainText } from './text-form.ts';

const MANAGERS = ['npm', 'pnpm', 'yarn'] as const;
export type PackageManager = (typeof MANAGERS)[number];

/** The package manager of each lock file. If a folder has several, the first one counts. */
const LOCK_FILES: Readonly<Record<string, string>> = {
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'package-lock.json': 'npm',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
  'deno.lock': 'deno',
};

/**
 * The package manager that package.json or a lock file names, in the folder or in the nearest folder above it.
 *
 * @throws UsageError if it is another one than npm, pnpm and yarn
 */
export function packageManagerOf(folder: string): PackageManager {
  for (let at = folder; ; at = dirname(at)) {
    const lockFile = Object.keys(LOCK_FILES).find((file) => existsSync(join(at, file)));
    const found = namedManager(at) ?? LOCK_FILES[lockFile ?? ''] ?? (at === dirname(at) ? 'npm' : undefined);
    const manager = MANAGERS.find((name) => name === found);
    if (manager !== undefined) return manager;
    if (found !== undefined) {
      throw new UsageError(
        `the package manager of ${at} isn't supported: ${quoted(found)}. Allowed: ${MANAGERS.join(', ')}. Nothing ` +
          'was written. For another one, follow docs/first-service.md of the package freshet-aws by hand.',
      );
    }
  }
}

/** The name in the field `packageManager`, such as `pnpm@10.0.0`. */
function namedManager(folder: string): string | undefined {
  try {
    const { packageManager } = JSON.parse(plainText(readFileSync(join(folder, 'package.json'), 'utf8')));
    return typeof packageManager === 'string' ? packageManager.replace(/(?<=.)@.*$/, '') : undefined;
  } catch {
    return undefined;
  }
}
