import { entityName, printable } from 'freshet-aws/internal/core/entity';
import { shortMilliseconds } from '../../output/numbers.ts';
import { shortened } from '../../output/width.ts';
import type { CacheOutcome } from './outcome-lines.ts';

/** The names of the columns. Figures are aligned to the right. */
const HEADS = {
  time: 'time (UTC)',
  entity: 'entity',
  version: 'version',
  outcome: 'outcome',
  lead: 'lead time',
  trace: 'trace id',
};

type Name = keyof typeof HEADS;
type Cells = Readonly<Record<Name, string>>;
type Widths = Readonly<Record<Name, number>>;

const NAMES = Object.keys(HEADS) as Name[];
const FIGURES: readonly Name[] = ['version', 'lead'];
const GAP = '  ';

/** The narrowest column of entities. */
const MIN_ENTITY = 8;

/** The narrowest column of trace ids. A narrower one is left out, because it would tell nothing. */
const MIN_TRACE = 10;

/**
 * Creates a function that renders outcomes as the lines of one table that fits into a width. It may be called again
 * with further outcomes: a column only grows.
 */
export function createTable(width: number): (outcomes: readonly CacheOutcome[]) => string[] {
  let natural: Widths | undefined;
  return (outcomes) => {
    if (outcomes.length === 0) return [];
    const rows = outcomes.map(cellsOf);
    const lines = natural === undefined ? [HEADS, ...rows] : rows;
    natural = widest(natural, lines);
    const fitted = fit(natural, width);
    return lines.map((row) => lineOf(row, fitted));
  };
}

function cellsOf({ atMs, type, id, group, version, outcome, reason, leadTimeMs, traceId = '-' }: CacheOutcome): Cells {
  const entity = type === undefined || id === undefined ? (group ?? '-') : entityName({ type, id });
  return {
    time: new Date(atMs).toISOString().slice(5, 19).replace('T', ' '),
    entity: printable(entity),
    version: String(version ?? '-'),
    outcome: printable(reason === undefined ? outcome : `${outcome}: ${reason}`),
    lead: shortMilliseconds(leadTimeMs ?? null),
    trace: traceId,
  };
}

function widest(before: Widths | undefined, rows: readonly Cells[]): Widths {
  const widthOf = (name: Name) => Math.max(before?.[name] ?? 0, ...rows.map((row) => [...row[name]].length));
  return {
    time: widthOf('time'),
    entity: widthOf('entity'),
    version: widthOf('version'),
    outcome: widthOf('outcome'),
    lead: widthOf('lead'),
    trace: widthOf('trace'),
  };
}

/** Narrows the entities and the trace ids, so that the columns fit into a width. */
function fit(natural: Widths, width: number): Widths {
  const { entity, trace, ...others } = natural;
  const taken = Object.values(others).reduce((sum, one) => sum + one + GAP.length, 0);
  const room = Math.max(MIN_ENTITY, width - taken);
  if (entity + GAP.length + trace <= room) return natural;
  const forEntity = Math.max(MIN_ENTITY, Math.min(entity, room - GAP.length - MIN_TRACE));
  const forTrace = room - GAP.length - forEntity;
  return forTrace < MIN_TRACE
    ? { ...natural, entity: Math.min(entity, room), trace: 0 }
    : { ...natural, entity: forEntity, trace: Math.min(trace, forTrace) };
}

function lineOf(row: Cells, fitted: Widths): string {
  const cells = NAMES.filter((name) => fitted[name] > 0).map((name) => {
    const cell = shortened(row[name], fitted[name]);
    const padding = ' '.repeat(Math.max(0, fitted[name] - [...cell].length));
    return FIGURES.includes(name) ? padding + cell : cell + padding;
  });
  return cells.join(GAP).trimEnd();
}
