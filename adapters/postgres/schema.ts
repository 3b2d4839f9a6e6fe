import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { quoted } from '../../core/errors.ts';

/** The schema in which an owner's tables are if nothing else is given. */
export const DEFAULT_SCHEMA = 'freshet';

/** Lower-case names need no quotes in SQL. With `_writer`, a role's name has at most 63 bytes, PostgreSQL's limit. */
const SCHEMA_NAME = /^[a-z][a-z0-9_]{0,55}$/;

/** Checks the name of a schema, which becomes a part of statements. Throws `RangeError`. */
export function schemaName(schema: string = DEFAULT_SCHEMA): string {
  if (SCHEMA_NAME.test(schema)) return schema;
  throw new RangeError(
    `schema: not a valid name: ${quoted(schema)}. ` +
      'Allowed: 1 to 56 lower-case ASCII letters, digits and underscores, starting with a letter.',
  );
}

/**
 * Returns the SQL that creates an owner's tables and roles: the file `adapters/postgres/owner.sql` of the package, for
 * any schema. Give it to your migration tool, or run it. It can be run again.
 *
 * @param options.schema the schema of the tables, and the first part of the names of the roles; default `freshet`
 * @throws RangeError if the name of the schema isn't valid
 */
export async function postgresMigration(options: { readonly schema?: string } = {}): Promise<string> {
  const schema = schemaName(options.schema);
  const file = createRequire(import.meta.url).resolve('freshet-aws/postgres.sql');
  return (await readFile(file, 'utf8')).replace(/\bfreshet(?=[._;]| TO\b)/g, schema);
}
