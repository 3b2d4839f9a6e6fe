/**
 * A connection to PostgreSQL, in the form that node-postgres has: `pg.Client` and `pg.PoolClient` are such clients.
 * Other libraries need a line, see docs/postgres.md.
 */
export interface SqlClient {
  /**
   * Runs one statement with parameters `$1`, `$2` and so on. Every parameter is a text, a number or null, and every
   * column that Freshet reads is a text or null, so that no client converts a value in a way of its own.
   */
  query(text: string, values?: SqlValue[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** A parameter of a statement. */
export type SqlValue = string | number | null;

/** A row as Freshet reads it. Every column is a text or null. */
export type Row = Readonly<Record<string, string | null>>;

/** Returns the rows of a statement. */
export async function rowsOf(client: SqlClient, text: string, values?: SqlValue[]): Promise<readonly Row[]> {
  const { rows } = await client.query(text, values);
  return rows as readonly Row[];
}

const PLACEHOLDER = /\$(\d+)/;

/**
 * Makes a client for a library that takes statements as tagged templates, such as postgres.js and Drizzle.
 *
 * @param run runs a statement, given as the arguments of a tag, and returns its rows
 */
export function clientOfTemplates(
  run: (
    strings: TemplateStringsArray,
    ...values: SqlValue[]
  ) => PromiseLike<readonly unknown[] | { readonly rows: readonly unknown[] }>,
): SqlClient {
  return {
    async query(text, values = []) {
      // A regular expression with a group splits into texts and, between them, what the group found.
      const parts = text.split(PLACEHOLDER);
      const strings = parts.filter((_, index) => index % 2 === 0);
      const given = parts.filter((_, index) => index % 2 === 1).map((number) => values[Number(number) - 1] ?? null);
      const answer = await run(Object.assign(strings, { raw: strings }), ...given);
      return 'rows' in answer ? { rows: answer.rows } : { rows: answer };
    },
  };
}
