import { type Command, InvalidArgumentError, Option } from 'commander';
import { ADOPT_REASONS } from 'freshet-aws/internal/core/adopt/map';
import { assertEntityType } from 'freshet-aws/internal/core/entity';
import { quoted } from 'freshet-aws/internal/core/errors';
import { POISON_REASONS } from 'freshet-aws/internal/core/outcome';
import type { ParkedEvent, ParkedReason } from 'freshet-aws/internal/core/project/ports';
import { byAge, isSelected, type ParkedFilter } from 'freshet-aws/internal/core/repair/parked-filter';
import { parkedKeyText, parseParkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import { parkedPages } from '../../deployment/parked.ts';
import { UsageError } from '../../errors.ts';
import { durationOf } from '../../options/parse.ts';
import { typed } from '../../output/typed.ts';
import { type ParkingPlace, type ParkingPlaces, placesNamed } from './parking-places.ts';

/** A selected event and its parking place. The body is left out, because there may be many events. */
export interface Selected {
  readonly at: ParkingPlace;
  readonly event: ParkedEvent;
}

/** The reasons that `--reason` accepts. */
const REASONS: readonly ParkedReason[] = [
  ...POISON_REASONS,
  'stopped',
  'undelivered',
  'removed',
  'unreadable',
  'too-large',
  'refused',
  ...ADOPT_REASONS,
  'given-up',
];

/** The options of `withFilters`. */
export interface FilterOptions {
  readonly reason?: ParkedReason;
  readonly type?: string;
  readonly entity?: string;
  readonly status?: ParkedEvent['status'];
  /** Milliseconds. */
  readonly olderThan?: number;
  /** Milliseconds. */
  readonly newerThan?: number;
}

/** Adds the options that select events. */
export function withFilters(command: Command): Command {
  return command
    .addOption(new Option('--reason <reason>', 'only events with this reason').choices(REASONS))
    .option('--type <type>', 'only events of this entity type', entityType)
    .option('--entity <id>', 'only events of the entity with this id, of any type unless --type is given')
    .addOption(
      new Option(
        '--status <status>',
        'only parked events, or only events that are held because their entity is stopped',
      ).choices(['parked', 'held']),
    )
    .option(
      '--older-than <age>',
      'only events that were parked longer ago than this, such as 90s, 10m, 1h, 2d',
      durationOf('--older-than'),
    )
    .option('--newer-than <age>', 'only events that were parked more recently than this', durationOf('--newer-than'));
}

function entityType(given: string): string {
  try {
    assertEntityType(given);
    return given;
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : '');
  }
}

/** Checks keys from the command line. @throws UsageError that describes a valid key */
export function checkedKeys(keys: readonly string[]): readonly string[] {
  for (const key of keys) {
    if (parseParkedKey(key) === undefined) {
      throw new UsageError(
        `key: not the key of an event: ${quoted(key)}. Allowed: GROUP/SEQUENCE, as printed by: ` +
          `${typed('parked list NAME')}`,
      );
    }
  }
  return keys;
}

/**
 * Selects events in the parking places with a name, oldest first.
 *
 * @param keys only events with one of these keys; default: all events that the options select
 */
export async function select(
  places: ParkingPlaces,
  name: string,
  options: FilterOptions,
  keys: readonly string[] = [],
  signal?: AbortSignal,
): Promise<Selected[]> {
  const filter: ParkedFilter = {
    ...options,
    olderThanMs: options.olderThan,
    newerThanMs: options.newerThan,
    keys: keys.length > 0 ? checkedKeys(keys) : undefined,
  };
  const now = Date.now();
  const selected: Selected[] = [];
  for (const at of placesNamed(places, name)) {
    for await (const event of candidates(at, filter.keys)) {
      if (signal?.aborted) break;
      if (isSelected(event, filter, now)) {
        selected.push({ at, event: { ...event, message: { ...event.message, body: '' } } });
      }
    }
  }
  return selected.sort((a, b) => byAge(a.event, b.event));
}

async function* candidates({ parked }: ParkingPlace, keys: readonly string[] | undefined): AsyncGenerator<ParkedEvent> {
  if (keys !== undefined) {
    const groups = new Set(keys.flatMap((key) => parseParkedKey(key)?.groupId ?? []));
    for (const group of groups) yield* await parked.ofGroup(group);
    return;
  }
  for await (const page of parkedPages(parked)) yield* page;
}

/** The given keys that no selected event has. */
export function absentKeys(keys: readonly string[], selected: readonly Selected[]): readonly string[] {
  const found = new Set(selected.map(({ event }) => parkedKeyText(event.message)));
  return [...new Set(keys)].filter((key) => !found.has(key));
}
