import { randomUUID } from 'node:crypto';
import type { LogEvent } from './log-store.ts';

/** A query of CloudWatch Logs Insights. */
export interface LogQuery {
  /** A line is found if one of the expressions matches it. */
  readonly patterns: readonly RegExp[];
  /** The most lines in the result, the newest first. */
  readonly limit: number;
}

/** The only form of a query that is emulated. */
export const QUERY_FORM =
  'fields @timestamp, @message | filter @message like /REGEX/ or @message like /REGEX/ | sort @timestamp desc | limit N';

/** Largest number of lines in a result (AmazonCloudWatchLogs/latest/APIReference/API_StartQuery). */
const MAX_LIMIT = 10_000;

const LIKE = String.raw`@message like \/((?:[^\/\\]|\\.)+)\/`;
const QUERY = new RegExp(
  String.raw`^fields @timestamp, @message \| filter (${LIKE}(?: or ${LIKE})*) \| sort @timestamp desc \| limit (\d{1,5})$`,
);

/** Reads a query of the form QUERY_FORM; undefined for any other text. */
export function parseLogQuery(text: string): LogQuery | undefined {
  const given = QUERY.exec(text.trim().replaceAll(/\s*\n\s*/g, ' '));
  const limit = Number(given?.at(-1));
  if (given === null || limit < 1 || limit > MAX_LIMIT) return undefined;
  try {
    const patterns = [...(given[1] ?? '').matchAll(new RegExp(LIKE, 'g'))].map(([, one = '']) => new RegExp(one, 'u'));
    return { patterns, limit };
  } catch {
    return undefined;
  }
}

/** The lines that a query finds, the newest first. */
export function runLogQuery({ patterns, limit }: LogQuery, lines: readonly LogEvent[]): LogEvent[] {
  return lines
    .filter(({ message }) => patterns.some((pattern) => pattern.test(message)))
    .sort((one, other) => other.sequence - one.sequence)
    .slice(0, limit);
}

/** The results of the newest queries. */
export interface LogQueries {
  /** @returns the query's id */
  add(found: readonly LogEvent[]): string;
  /** The result of a query; undefined for an unknown id. */
  result(id: string): readonly LogEvent[] | undefined;
}

const KEPT_QUERIES = 100;

export function createLogQueries(): LogQueries {
  const results = new Map<string, readonly LogEvent[]>();
  return {
    add(found) {
      const id = randomUUID();
      results.set(id, found);
      const [oldest] = results.keys();
      if (results.size > KEPT_QUERIES && oldest !== undefined) results.delete(oldest);
      return id;
    },
    result: (id) => results.get(id),
  };
}
