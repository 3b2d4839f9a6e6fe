import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { postgresMigration } from 'freshet-aws/postgres';
import { isPostgresInstalled, startPostgres } from './server.ts';

/** `npm run postgres`: starts a PostgreSQL for the example, runs `freshet up` with the story, and stops both. */
const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../cli/freshet.ts', import.meta.url));

/** The exit code that shells use for Ctrl-C. */
const INTERRUPTED = 130;

if (isPostgresInstalled) process.exitCode = await run(process.argv.slice(2));
else console.log('PostgreSQL is not installed, so the example is skipped. On Debian: apt install postgresql');

async function run(args: readonly string[]): Promise<number> {
  // The command ends by itself. Only then the server is stopped.
  let command: ChildProcess | undefined;
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
    command?.kill('SIGTERM');
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const server = await startPostgres();
  try {
    const database = await server.createDatabase();
    const admin = await server.connect(database);
    await admin.query(await postgresMigration());
    await admin.query(await readFile(new URL('stock/tables.sql', import.meta.url), 'utf8'));
    await admin.end();
    const place = { PGHOST: server.host, PGPORT: String(server.port), PGDATABASE: database };
    if (isInterrupted) return INTERRUPTED;
    command = spawn(
      process.execPath,
      ['--conditions=freshet-source', '--import', 'tsx', COMMAND, 'up', ...args],
      // A group of its own would lose the terminal, so Ctrl-C reaches the command twice, which does no harm.
      { cwd: FOLDER, stdio: 'inherit', env: { ...process.env, ...place } },
    );
    const [code] = await once(command, 'exit');
    return code ?? INTERRUPTED;
  } finally {
    await server.stop();
  }
}
