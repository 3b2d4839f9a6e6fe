import { createInterface } from 'node:readline/promises';
import { BOUNDARY_PATTERN } from 'freshet-aws/internal/core/contract/define-boundary';
import { assertEntityType } from 'freshet-aws/internal/core/entity';
import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { type Added, pascalCase } from './added.ts';

/** A setting that is given as an option, or asked for. */
interface Question {
  readonly text: string;
  readonly fallback: string;
  /** Throws an error that says what is allowed. */
  check(given: string): void;
}

const QUESTIONS: Readonly<Record<keyof Added, Question>> = {
  owner: { text: 'The service that owns the data', fallback: 'geography', check: checkBoundary },
  type: { text: 'A type of its data', fallback: 'Country', check: assertEntityType },
  cache: { text: 'The service that caches it', fallback: 'ordering', check: checkBoundary },
};

/** Checks the name of a boundary, which is also the name of a folder. */
export function checkBoundary(given: string): void {
  if (BOUNDARY_PATTERN.test(given)) return;
  throw new UsageError(
    `not a valid name of a service: ${quoted(given)}. Allowed: 1 to 30 lower-case letters, digits and hyphens, ` +
      'starting with a letter.',
  );
}

/** Checks the names together. @throws UsageError or FreshetError that says what is allowed */
export function checkAdded(added: Added): void {
  for (const [name, { check }] of Object.entries(QUESTIONS)) check(added[name as keyof Added]);
  if (added.owner === added.cache) {
    throw new UsageError(`--cache: not the owner itself: ${quoted(added.cache)}. The cache is of another service.`);
  }
  const [owner, cache] = [pascalCase(added.owner), pascalCase(added.cache)];
  if (owner === cache) {
    throw new UsageError(
      `--cache: too like the owner: ${quoted(added.cache)} and ${quoted(added.owner)} would both have the class ` +
        `${owner}Stack. Allowed: names that differ in more than hyphens.`,
    );
  }
}

/**
 * Completes the names: asks for those that no option gave if standard input is a terminal, and takes the defaults
 * otherwise. A wrong answer is asked again.
 *
 * @param signal aborts the questions
 */
export async function completed(
  { stdin, stderr }: Pick<CommandIo, 'stdin' | 'stderr'>,
  given: Partial<Added>,
  isAsking: boolean,
  signal: AbortSignal,
): Promise<Added> {
  const added = { ...given };
  const missing = (Object.keys(QUESTIONS) as (keyof Added)[]).filter((name) => added[name] === undefined);
  if (isAsking && missing.length > 0 && stdin.isTTY) {
    const terminal = createInterface({ input: stdin, output: stderr });
    const stop = new AbortController();
    // While readline has the terminal, Ctrl-C is an event of readline and not a signal to the process.
    terminal.once('SIGINT', () => stop.abort());
    const stopped = AbortSignal.any([signal, stop.signal]);
    try {
      for (const name of missing) {
        added[name] = await answerTo(QUESTIONS[name], (text) => terminal.question(text, { signal: stopped }), stderr);
      }
    } finally {
      terminal.close();
    }
  }
  const { owner, type, cache } = QUESTIONS;
  return { owner: owner.fallback, type: type.fallback, cache: cache.fallback, ...added };
}

async function answerTo(
  { text, fallback, check }: Question,
  ask: (text: string) => Promise<string>,
  stderr: CommandIo['stderr'],
): Promise<string> {
  for (;;) {
    const answer = (await ask(`${text} (${fallback}): `)).trim() || fallback;
    try {
      check(answer);
      return answer;
    } catch (error) {
      stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}
