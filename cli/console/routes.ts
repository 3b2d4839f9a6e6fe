import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { UsageError } from '../errors.ts';
import type { Actions } from './actions.ts';
import type { ActionName, DeploymentDocument, NumbersDocument } from './api/documents.ts';
import { type ConsoleReads, NotFound } from './api/reads-interface.ts';
import { refused } from './guard.ts';
import type { Live } from './live.ts';
import { parametersOf } from './parameters.ts';

/** The environment of a request: Node's own request and answer. */
export type Env = { Bindings: Partial<HttpBindings> };

/** What the API answers from. */
export interface ApiSources {
  /** A random id of this start. */
  readonly instance: string;
  /** Reads the deployment as it is now, also if it is replaced during the read. */
  readonly reading: <T>(read: (reads: ConsoleReads) => Promise<T>) => Promise<T>;
  readonly live: Live;
  readonly actions: () => Actions;
}

/** The routes below `/api`. */
export function apiRoutes({ instance, reading, live, actions }: ApiSources): Hono<Env> {
  const api = new Hono<Env>();
  const get = (path: string, read: (reads: ConsoleReads, c: Context) => Promise<object>) =>
    api.get(path, async (c) => c.json(await reading((reads) => read(reads, c))));

  api.get('/deployment', async (c) => {
    const deployment = await reading((reads) => reads.deployment());
    return c.json({ ...deployment, instance, actions: actions().names } satisfies DeploymentDocument);
  });
  get('/flow', (reads) => reads.flow());
  get('/entities', (reads, c) => reads.entities(parametersOf(c, 'type', 'prefix', 'cursor')));
  get('/entity', (reads, c) => reads.entity(parametersOf(c, 'type', 'id')));
  get('/why', (reads, c) => reads.why(parametersOf(c, 'cache', 'type', 'id')));
  get('/parked', (reads, c) => reads.parked(parametersOf(c, 'at', 'cursor')));
  get('/parked/event', (reads, c) => reads.parkedEvent(parametersOf(c, 'role', 'name', 'key')));
  get('/numbers', async (reads, c) => {
    const numbers = await reads.numbers(parametersOf(c, 'minutes'));
    return { ...numbers, alarmChanges: live.alarmChanges() } satisfies NumbersDocument;
  });
  get('/contracts', (reads) => reads.contracts());
  get('/sagas', (reads) => reads.sagas());
  get('/sagas/instances', (reads, c) => reads.sagaInstances(parametersOf(c, 'saga', 'status', 'prefix', 'cursor')));
  api.get('/contracts/asyncapi', async (c) => {
    const { boundary } = parametersOf(c, 'boundary');
    return download(c, `${boundary}.asyncapi.json`, await reading((reads) => reads.asyncapi(boundary)));
  });
  api.get('/contracts/schema', async (c) => {
    const { type } = parametersOf(c, 'type');
    return download(c, `${type}.schema.json`, await reading((reads) => reads.schema(type)));
  });
  api.get('/live', (c) => follow(c, live));
  api.post('/actions/:name', async (c) => {
    const answer = await act(c, actions());
    live.acted();
    return answer;
  });
  return api;
}

function download(c: Context, name: string, document: object): Response {
  // The name comes from contracts. A header takes no other characters.
  c.header('Content-Disposition', `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`);
  c.header('Content-Type', 'application/json');
  return c.body(JSON.stringify(document, undefined, 2));
}

async function act(c: Context, actions: Actions): Promise<Response> {
  const given = c.req.param('name') ?? '';
  const name = actions.known.find((one) => one === given);
  if (name === undefined) throw new NotFound(`there is no action ${JSON.stringify(given.slice(0, 80))}.`);
  if (!actions.names.includes(name)) return refused(c, 403, whyRefused(name));
  const text = await c.req.text();
  return c.json(await actions.run(name, parsed(text)));
}

function whyRefused(name: ActionName): string {
  return name === 'stop' || name === 'start'
    ? `${name}: an action of the local cloud only. On AWS, use the AWS command line.`
    : `${name}: this console only reads. To let it change the deployment, start it with --write.`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError('body: not JSON.');
  }
}

/** Sends the flow until the page is closed. */
function follow(c: Context<Env>, live: Live): Response {
  if (c.req.method === 'HEAD') {
    c.header('Content-Type', 'text/event-stream');
    return c.body(null);
  }
  return streamSSE(c, (stream) => {
    return new Promise<void>((resolve) => {
      const leave = live.join({
        send: async (text) => void (await stream.write(text)),
        drop() {
          resolve();
          // A client that takes nothing would keep the connection, and what waits for it.
          c.env?.outgoing?.destroy();
        },
      });
      stream.onAbort(() => {
        leave();
        resolve();
      });
    });
  });
}
