import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';

/** Debian's packages put each version's programs here, outside the PATH. */
const DEBIAN = '/usr/lib/postgresql';

/** A PostgreSQL server in a folder of its own. It accepts connections from this machine only. */
export interface TestPostgres {
  readonly host: string;
  readonly port: number;
  /** Creates an empty database and returns its name. */
  createDatabase(): Promise<string>;
  /** Opens a connection as the given user, by default as the superuser. */
  connect(database: string, user?: string): Promise<pg.Client>;
  stop(): Promise<void>;
}

/** Not the schema's name: a user's tables would be created in a schema of the user's name. */
const USER = 'administrator';

/** The folder of PostgreSQL's programs; undefined where PostgreSQL isn't installed, or nobody may run it. */
function findPostgres(): { readonly bin: string; readonly uid: number | undefined } | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  const bin = folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
  if (bin === undefined) return undefined;
  // PostgreSQL refuses to run as root.
  if (process.getuid?.() !== 0) return { bin, uid: undefined };
  try {
    return { bin, uid: Number(execFileSync('id', ['-u', 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] })) };
  } catch {
    return undefined;
  }
}

const found = findPostgres();

/** Whether PostgreSQL is installed, and may be run by this user. */
export const isPostgresInstalled = found !== undefined;

/** Starts a server. Call it only if `isPostgresInstalled`. */
export async function startPostgres(): Promise<TestPostgres> {
  if (found === undefined) throw new Error('PostgreSQL is not installed.');
  const { bin, uid } = found;
  const asUser = uid === undefined ? {} : { uid };
  const folder = mkdtempSync(join(tmpdir(), 'freshet-postgres-'));
  if (uid !== undefined) chownSync(folder, uid, -1);
  const data = join(folder, 'data');
  const init = ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  // Groups of their own, so that Ctrl-C leaves initdb alone and reaches the server only by `stop`.
  const inFolder = { ...asUser, cwd: folder, stdio: 'ignore', detached: true } as const;
  const [code] = await once(spawn(join(bin, 'initdb'), init, inFolder), 'exit');
  if (code !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`initdb ended with ${code}.`);
  }
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'on',
    shared_buffers: '32MB',
    max_connections: '80',
  };
  const server = spawn(
    join(bin, 'postgres'),
    [
      '-D',
      data,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    inFolder,
  );
  const stopWithParent = () => void server.kill('SIGQUIT');
  process.once('exit', stopWithParent);
  const connect = async (database: string, user = USER) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user, database });
    // A server that stops ends its connections, which a test may still have open.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const admin = await whenReady(() => connect('postgres'), server);
  let created = 0;
  return {
    host: '127.0.0.1',
    port,
    connect,
    async createDatabase() {
      created += 1;
      const name = `test_${created}`;
      await admin.query(`CREATE DATABASE ${name}`);
      return name;
    },
    async stop() {
      await admin.end();
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await ended;
      process.removeListener('exit', stopWithParent);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function whenReady(connect: () => Promise<pg.Client>, server: ChildProcess): Promise<pg.Client> {
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}.`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
