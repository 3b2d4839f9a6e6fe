import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import type { PackageManager } from './package-manager.ts';
import { minimumVersions } from './packages.ts';
import type { Project } from './project.ts';

/**
 * Checks that the packages that the app already has are new enough. An installed version stays installed if its range
 * allows it.
 *
 * @throws UsageError that names those that are too old
 */
export function checkVersions({ folder, packageJson }: Project, manager: PackageManager): void {
  const ranges = { ...packageJson.dependencies, ...packageJson.devDependencies };
  const old = Object.entries(minimumVersions()).flatMap(([name, minimum]) => {
    const range = ranges[name];
    const found = range === undefined ? undefined : tooOld(range, () => installedVersion(folder, name), minimum);
    return found === undefined ? [] : [{ name, found, minimum }];
  });
  if (old.length === 0) return;
  const names = old.map(({ name, found, minimum }) => `${name} ${found} (needed: ${minimum} or newer)`).join(', ');
  const newer = old.map(({ name, minimum }) => `${name}@^${minimum}`).join(' ');
  throw new UsageError(
    `these packages are too old, so nothing was written: ${names}. First run: ` +
      `${manager} ${manager === 'npm' ? 'install' : 'add'} ${newer}`,
  );
}

type Version = readonly [major: number, minor: number, patch: number];

/** The version or the range that is below the minimum; undefined if none is, or if the range is of another kind. */
function tooOld(range: string, installed: () => string | undefined, minimum: string): string | undefined {
  const needed = limitsOf(minimum)?.highest;
  const limits = limitsOf(range);
  if (needed === undefined || limits === undefined || !isBelow(limits.lowest, needed)) return undefined;
  if (isBelow(limits.highest, needed)) return range;
  const version = installed();
  const found = limitsOf(version ?? '');
  return found !== undefined && isBelow(found.highest, needed) ? version : undefined;
}

/** The lowest and the highest version of a range such as `2.100.0`, `~2.100.0`, `^2.100.0` or `2`. */
function limitsOf(range: string): { readonly lowest: Version; readonly highest: Version } | undefined {
  const [, operator, ...parts] = /^([~^]?)(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(range) ?? [];
  const [major, minor, patch] = parts.map((part) => (part === undefined ? undefined : Number(part)));
  if (major === undefined) return undefined;
  const anyMinor = operator === '^' || minor === undefined;
  const anyPatch = anyMinor || operator === '~' || patch === undefined;
  return {
    lowest: [major, minor ?? 0, patch ?? 0],
    highest: [major, anyMinor ? Number.POSITIVE_INFINITY : minor, anyPatch ? Number.POSITIVE_INFINITY : patch],
  };
}

function isBelow(one: Version, other: Version): boolean {
  const index = one.findIndex((part, at) => part !== other[at]);
  return index >= 0 && Number(one[index]) < Number(other[index]);
}

function installedVersion(folder: string, name: string): string | undefined {
  try {
    const file = createRequire(join(folder, 'package.json')).resolve(`${name}/package.json`);
    const { version } = JSON.parse(readFileSync(file, 'utf8'));
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
