import * as z from 'zod/mini';

/** Finds the contributor of a log event and its contribution. */
export interface Contribution {
  readonly keyLabels: readonly string[];
  /** False if the line can't contain the keys. This check costs less than parsing the line. */
  mayMatch(line: string): boolean;
  /** The contributor's keys and its value; undefined if the event lacks a field or doesn't pass a filter. */
  of(event: unknown): { readonly keys: readonly string[]; readonly value: number } | undefined;
}

const texts = z.array(z.string());
const filter = z.strictObject({
  Match: z.string(),
  In: z.optional(texts),
  NotIn: z.optional(texts),
  StartsWith: z.optional(texts),
  GreaterThan: z.optional(z.number()),
  LessThan: z.optional(z.number()),
  EqualTo: z.optional(z.number()),
  NotEqualTo: z.optional(z.number()),
  IsPresent: z.optional(z.boolean()),
});

/** cw/ContributorInsights-RuleSyntax: at most four keys and four filters. */
const contribution = z.object({
  Keys: z.array(z.string()).check(z.minLength(1), z.maxLength(4)),
  ValueOf: z.optional(z.string()),
  Filters: z._default(z.array(filter).check(z.maxLength(4)), []),
});

type Filter = z.infer<typeof filter>;

/** Reads a rule's Contribution. @param isSum true to add values up, false to count events */
export function readContribution(given: unknown, isSum: boolean): Contribution {
  const { Keys: keyLabels, ValueOf, Filters } = contribution.parse(given);
  if (isSum && ValueOf === undefined) throw new Error('a rule that aggregates on Sum needs ValueOf');
  const keys = keyLabels.map(readPath);
  const amountOf = ValueOf === undefined ? undefined : readPath(ValueOf);
  const filters = Filters.map((each) => ({ ...each, path: readPath(each.Match) }));
  const named = keys.map((path) => JSON.stringify(path.at(-1) ?? ''));
  return {
    keyLabels,
    mayMatch: (line) => named.every((name) => line.includes(name)),
    of(event) {
      if (!filters.every((each) => passes(at(event, each.path), each))) return undefined;
      const found = keys.map((path) => at(event, path));
      const amount = isSum && amountOf ? at(event, amountOf) : 1;
      const value = typeof amount === 'string' && amount.trim() !== '' ? Number(amount) : amount;
      if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
      if (found.some((each) => each === undefined || each === null)) return undefined;
      return { keys: found.map((each) => (typeof each === 'object' ? JSON.stringify(each) : String(each))), value };
    },
  };
}

/** The names in a path such as `$.a.b`. */
function readPath(path: string): string[] {
  const [, names] = /^\$\.([^.[\]]+(?:\.[^.[\]]+)*)$/.exec(path) ?? [];
  if (names === undefined)
    throw new Error(`the field ${path} is not supported. Examples of supported fields: $.name, $.name.inner`);
  return names.split('.');
}

function at(event: unknown, path: readonly string[]): unknown {
  let value = event;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function passes(value: unknown, given: Filter): boolean {
  const { In, NotIn, StartsWith, GreaterThan, LessThan, EqualTo, NotEqualTo, IsPresent } = given;
  const text = String(value);
  const number = Number(value);
  const isPresent = value !== undefined;
  return (
    (IsPresent === undefined || IsPresent === isPresent) &&
    (In === undefined || (isPresent && In.includes(text))) &&
    (NotIn === undefined || !NotIn.includes(text)) &&
    (StartsWith === undefined || (isPresent && StartsWith.some((start) => text.startsWith(start)))) &&
    (GreaterThan === undefined || number > GreaterThan) &&
    (LessThan === undefined || number < LessThan) &&
    (EqualTo === undefined || number === EqualTo) &&
    (NotEqualTo === undefined || (isPresent && number !== NotEqualTo))
  );
}
