import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Story } from 'freshet-local/internal/story';
import * as z from 'zod/mini';
import type { CommandIo } from '../../io.ts';

const packageJson = z.object({ freshet: z.optional(z.object({ story: z.optional(z.string()) })) });

/** Loads the story that the package.json of a project names; undefined if it names none. */
export async function loadStory({ cwd, importModule }: CommandIo): Promise<Story | undefined> {
  const path = join(cwd, 'package.json');
  if (!existsSync(path)) return undefined;
  const { freshet } = packageJson.parse(JSON.parse(readFileSync(path, 'utf8')));
  if (freshet?.story === undefined) return undefined;
  const module = (await importModule(pathToFileURL(resolve(cwd, freshet.story)).href)) as { readonly default: Story };
  return module.default;
}
