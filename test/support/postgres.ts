import { isPostgresInstalled, type TestPostgres } from '../../examples/postgres/server.ts';
import { postgresMigration } from '../../package/postgres.ts';

export { startPostgres, type TestPostgres } from '../../examples/postgres/server.ts';

/** Whether the tests that need PostgreSQL can run. They are skipped otherwise, and this line says so. */
export const hasPostgres = isPostgresInstalled;
if (!hasPostgres) console.log('PostgreSQL is not installed: the tests of the owner in PostgreSQL are skipped.');

/** Creates a database with an owner's tables, and two users with one role each. */
export async function ownerDatabase(server: TestPostgres, schema = 'freshet'): Promise<string> {
  const database = await server.createDatabase();
  const admin = await server.connect(database);
  await admin.query(await postgresMigration({ schema }));
  for (const role of ['writer', 'relay']) {
    const user = `${database}_${role}`;
    await admin.query(`CREATE ROLE ${user} LOGIN IN ROLE ${schema}_${role}`);
  }
  await admin.end();
  return database;
}
