import { relative } from 'node:path';
import { setTimeout as timeout } from 'node:timers/promises';
import { changedFiles, type ProjectFiles, readProject, watchProject } from './project-files.ts';

/** How long nothing may change before a change is acted on: editors write several files one after the other. */
const QUIET_MS = 300;

/**
 * Calls `apply` after each change of a project's files, one call at a time. Changes during a call lead to another one.
 * Resolves when the signal is aborted.
 *
 * @param since the files that were acted on last, as `readProject` read them
 * @param apply receives the changed files, relative to the folder
 */
export async function followChanges(
  folder: string,
  since: ProjectFiles,
  signal: AbortSignal,
  apply: (files: readonly string[]) => Promise<void>,
  quietMs: number = QUIET_MS,
): Promise<void> {
  let files = since;
  let onEvent = (): void => {};
  // A file may have changed before the watch begins.
  let events = 1;
  const stop = watchProject(folder, () => {
    events += 1;
    onEvent();
  });
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  let seen = 0;
  try {
    while (!signal.aborted) {
      if (events === seen)
        await Promise.race([
          aborted,
          new Promise<void>((resolve) => {
            onEvent = resolve;
          }),
        ]);
      while (events !== seen && !signal.aborted) {
        seen = events;
        await timeout(quietMs, undefined, { signal }).catch(() => undefined);
      }
      const now = readProject(folder, files);
      const changed = changedFiles(files, now);
      files = now;
      if (changed.length > 0 && !signal.aborted) await apply(changed.map((path) => relative(folder, path)));
    }
  } finally {
    stop();
  }
}
