import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { UsageError } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { stackNames } from '../options/deployment-options.ts';

/** Stacks that no option named. */
export interface KeptStacks {
  readonly stacks: readonly string[];
  /** Where they are kept, as text. */
  readonly from: string;
}

const VARIABLE = 'FRESHET_STACK';
const KEY = 'freshet:stacks';
const FROM_APP = `${KEY} in cdk.json`;

const cdkJson = z.object({ context: z.optional(z.object({ [KEY]: z.optional(z.unknown()) })) });

/** The stacks that the environment names, and a function that reads those that the app's cdk.json names. */
export function keptStacks({ env, cwd }: Pick<CommandIo, 'env' | 'cwd'>): {
  readonly fromEnvironment: KeptStacks | undefined;
  /** @throws UsageError if the setting is invalid */
  fromApp(): KeptStacks | undefined;
} {
  const named = env[VARIABLE];
  return {
    fromEnvironment: named ? { stacks: stackNames(named, VARIABLE), from: VARIABLE } : undefined,
    fromApp() {
      const given = cdkJson.safeParse(readJson(join(cwd, 'cdk.json'))).data?.context?.[KEY];
      if (given === undefined) return undefined;
      const names = z.union([z.array(z.string()).check(z.minLength(1)), z.string()]).safeParse(given).data;
      if (names === undefined) throw new UsageError(`${FROM_APP}: Allowed: a list of names of stacks.`);
      return { stacks: [names].flat().flatMap((name) => stackNames(name, FROM_APP)), from: FROM_APP };
    },
  };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Other commands say what is wrong with the file.
    return undefined;
  }
}
