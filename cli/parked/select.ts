import { type Command, InvalidArgumentError, Option } from 'commander';
import { assertEntityType } from 'freshet-aws/internal/core/entity';
import { quoted } from 'freshet-aws/internal/core/errors';
import { POISON_REASONS } from 'freshet-aws/internal/core/outcome';
import type { SetAside, SetAsideReason } from 'freshet-aws/internal/core/project/ports';
import {
  type AsideFilter,
  asideKey,
  byAge,
  isMeant,
  parseAsideKey,
} from 'freshet-aws/internal/core/repair/parked-filter';
import { asidePages } from '../deployment/parked.ts';
import { UsageError } from '../errors.ts';
import { durationOf } from '../numbers.ts';
import { type Place, type Places, placesNamed } from './places.ts';

/** An event that was set aside, with the place where it lies. Its body is left out: there may be many. */
export interface Selected {
  readonly at: Place;
  readonly aside: SetAside;
}

/** The reasons that `--reason` takes. */
const REASONS: readonly SetAsideReason[] = [
  ...POISON_REASONS,
  'stopped',
  'undelivered',
  'removed',
  'unreadable',
  'too-large',
  'refused',
  'given-up',
];

/** What the options of `withFilters` say. */
export interface FilterOptions {
  readonly reason?: SetAsideReason;
  readonly type?: string;
  readonly entity?: string;
  readonly status?: SetAside['status'];
  readonly olderThan?: number;
  readonly newerThan?: number;
}

/** Adds the options that choose among the events that were set aside. */
export function withFilters(command: Command): Command {
  return command
    .addOption(new Option('--reason <reason>', 'only those of this reason').choices(REASONS))
    .option('--type <type>', 'only those of this entity type', entityType)
    .option('--entity <id>', "only those of the entity with this id; every type's unless --type is given")
    .addOption(new Option('--status <status>', 'parked, or held behind a stopped entity').choices(['parked', 'held']))
    .option(
      '--older-than <age>',
      'only those set aside longer ago, such as 90s, 10m, 1h, 2d',
      durationOf('--older-than'),
    )
    .option('--newer-than <age>', 'only those set aside less long ago', durationOf('--newer-than'));
}

function entityType(given: string): string {
  try {
    assertEntityType(given);
    return given;
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : '');
  }
}

/** Reads keys that were typed. Throws a `UsageError` that says what one looks like. */
export function checkedKeys(keys: readonly string[]): readonly string[] {
  for (const key of keys) {
    if (parseAsideKey(key) === undefined) {
      throw new UsageError(`key: not one: ${quoted(key)}. Allowed: GROUP/SEQUENCE as "freshet parked list" prints it.`);
    }
  }
  return keys;
}

/** The events of what bears a name that the options or the keys mean, oldest first; all of them if neither is given. */
export async function select(
  places: Places,
  name: string,
  options: FilterOptions,
  keys: readonly string[] = [],
  signal?: AbortSignal,
): Promise<Selected[]> {
  const filter: AsideFilter = {
    ...options,
    olderThanMs: options.olderThan,
    newerThanMs: options.newerThan,
    keys: keys.length > 0 ? checkedKeys(keys) : undefined,
  };
  const now = Date.now();
  const selected: Selected[] = [];
  for (const at of placesNamed(places, name)) {
    for await (const aside of candidates(at, filter.keys)) {
      if (signal?.aborted) break;
      const { message } = aside;
      if (isMeant(aside, filter, now)) selected.push({ at, aside: { ...aside, message: { ...message, body: '' } } });
    }
  }
  return selected.sort((a, b) => byAge(a.aside, b.aside));
}

async function* candidates({ aside }: Place, keys: readonly string[] | undefined): AsyncGenerator<SetAside> {
  if (keys !== undefined) {
    for (const group of new Set(keys.flatMap((key) => parseAsideKey(key)?.groupId ?? [])))
      yield* await aside.ofGroup(group);
    return;
  }
  for await (const page of asidePages(aside)) yield* page;
}

/** Given keys that nothing is set aside under: never, or not any more. */
export function absentKeys(keys: readonly string[], selected: readonly Selected[]): readonly string[] {
  const found = new Set(selected.map(({ aside }) => asideKey(aside.message)));
  return [...new Set(keys)].filter((key) => !found.has(key));
}
