import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { FlowDocument } from '../../../cli/console/api/documents.ts';
import type { ConsoleReads } from '../../../cli/console/api/reads-interface.ts';
import type { PageFiles } from '../../../cli/console/page-files.ts';
import { type Console, type ConsoleOptions, startConsole } from '../../../cli/console/server.ts';
import type { CapturedRun, CommandIo, RunGiven } from '../../../cli/io.ts';

/** A deployment as the fake reads need it. */
export interface FakeDeployment {
  readonly place: string;
  readonly isLocal: boolean;
}

export const LOCAL: FakeDeployment = { place: 'the local cloud at http://127.0.0.1:1', isLocal: true };
export const ON_AWS: FakeDeployment = { place: 'AWS account 111122223333, eu-central-1', isLocal: false };

export function flowOf(given: Partial<FlowDocument> = {}): FlowDocument {
  return {
    at: '2026-12-01T00:00:00.000Z',
    owners: [],
    caches: [],
    factTopics: [],
    factQueues: [],
    sagas: [],
    alarms: [],
    stoppedFunctions: [],
    unread: [],
    ...given,
  };
}

/** Reads that answer with their name and input. */
export function fakeReads(given: Partial<ConsoleReads> = {}): ConsoleReads {
  const echo = (read: string) => (input?: unknown) => Promise.resolve({ read, input: input ?? null });
  const names = ['deployment', 'entities', 'entity', 'why', 'parked', 'parkedEvent', 'numbers', 'contracts'];
  const more = ['asyncapi', 'schema', 'sagas', 'sagaInstances'];
  const echoes = Object.fromEntries([...names, ...more].map((name) => [name, echo(name)]));
  // An echo has none of the documents' fields; the server passes documents on without reading them.
  return { flow: async () => flowOf(), ...echoes, ...given } as unknown as ConsoleReads;
}

/** A command that a console ran. */
export interface Ran extends RunGiven {
  readonly args: readonly string[];
}

/** Records the commands that are run, each of which ends as given. */
export function fakeIo(ended: Partial<CapturedRun> = {}, env: NodeJS.ProcessEnv = {}) {
  const ran: Ran[] = [];
  const io: Pick<CommandIo, 'run' | 'env'> = {
    env,
    async run(args, given = {}) {
      ran.push({ ...given, args });
      return { exitCode: 0, stdout: '{"outcome":"done"}\n', stderr: '', ...ended };
    },
  };
  return { io, ran };
}

export const PAGE: PageFiles = {
  index: (token) => ({ body: Buffer.from(`token=${token}`), headers: { 'Content-Type': 'text/html' } }),
  file: (path) =>
    path === '/assets/app-12345678.js'
      ? { body: Buffer.from('1'), headers: { 'Cache-Control': 'public, max-age=31536000, immutable' } }
      : undefined,
};

export type FakeConsole = Console<FakeDeployment>;

/** Starts a console on fake reads. */
export function startFake(given: Partial<ConsoleOptions<FakeDeployment>> = {}): Promise<FakeConsole> {
  return startConsole({
    io: fakeIo().io,
    deployment: LOCAL,
    createReads: () => fakeReads(),
    page: PAGE,
    ...given,
  });
}

/** An answer of a console. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  json(): unknown;
}

/** What is asked of a console. */
export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request as it is, also with headers that a browser's script may not set. */
export function ask(url: string, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { method, headers, agent: false }, (answer) => {
      text(answer).then(
        (all) =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: all,
            json: () => JSON.parse(all),
          }),
        reject,
      );
    });
    sent.on('error', reject).end(body);
  });
}

/** The token of a console, as its page gets it. */
export async function tokenOf(url: string): Promise<string> {
  return (await ask(url, '/')).text.slice('token='.length);
}

/** Asks for an action as the page does. */
export async function act(url: string, name: string, input: unknown, given: Asked['headers'] = {}): Promise<Answer> {
  const headers = { 'x-freshet-token': await tokenOf(url), 'content-type': 'application/json', ...given };
  return ask(url, `/api/actions/${name}`, { method: 'POST', headers, body: JSON.stringify(input) });
}
