import type * as z from 'zod/mini';

type Issue = z.core.$ZodIssue;

/** What zod calls a type, and how a template or a file writes it. */
const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'an integer',
  nan: 'a number',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a string',
  tuple: 'a list',
  undefined: 'nothing',
};

const LONGEST_GIVEN = 200;

/**
 * What is wrong with a value, in one line: for each problem the path, what is given, and what is allowed, such as
 * `Timeout is 901. Allowed: an integer from 1 to 900`.
 *
 * @param given the value that a schema refused
 * @param path the path of the value, if it is a part of what the reader knows. @default - the value is the whole
 */
export function problemsOf({ issues }: z.core.$ZodError, given: unknown, path: readonly PropertyKey[] = []): string {
  return issues.map((issue) => problemOf(issue, given, path)).join('; ');
}

function problemOf(issue: Issue, given: unknown, path: readonly PropertyKey[]): string {
  const deepest = deepestOf(issue);
  const at = [...path, ...deepest.path];
  if (deepest.code === 'unrecognized_keys')
    return `${deepest.keys.map((key) => nameOf([...at, key])).join(', ')} is not a known name here`;
  const value = deepest.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], given);
  const what = value === undefined ? `${nameOf(at)} is missing` : `${nameOf(at)} is ${shortened(value)}`;
  const allowed = allowedBy(deepest);
  return allowed === undefined ? `${what}: ${deepest.message}` : `${what}. Allowed: ${allowed}`;
}

/** The issue itself, or of a union in which one option fits but for a part of the value, the issue of that part. */
function deepestOf(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flat().find(({ path }) => path.length > 0);
  return inner === undefined ? issue : deepestOf({ ...inner, path: [...issue.path, ...inner.path] });
}

/** What an issue allows; undefined if its message says so. */
function allowedBy(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return 'expected' in issue ? 'true or false' : issue.values.map(String).join(', ');
    case 'invalid_union': {
      const options = issue.errors.flat().map((each) => allowedBy(each) ?? each.message);
      return [...new Set(options)].join(', or ');
    }
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'too_small':
      return `at least ${issue.minimum}`;
    default:
      return undefined;
  }
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the value' : path.map(String).join('.');
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_GIVEN ? `${text.slice(0, LONGEST_GIVEN)}…` : text;
}
