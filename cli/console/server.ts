import { randomBytes, randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { Deployment } from '../deployment/deployment.ts';
import { UsageError } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import type { DeploymentOptions } from '../options/deployment-options.ts';
import { createActions } from './actions.ts';
import { failureOf, type Place } from './answers.ts';
import type { ConsoleReads } from './api/reads-interface.ts';
import { DEFAULT_PORT } from './default-port.ts';
import { ownChange, ownOrigin, refused, securityHeaders } from './guard.ts';
import { createLive, type LiveOptions } from './live.ts';
import type { PageFiles } from './page-files.ts';
import { apiRoutes, type Env } from './routes.ts';

/** What `startConsole` needs. `D` is what the reads need of a deployment. */
export interface ConsoleOptions<D extends Place> {
  readonly io: Pick<CommandIo, 'run' | 'env'>;
  readonly deployment: D;
  /** The options that name the deployment on AWS. @default - the local cloud of the folder */
  readonly on?: DeploymentOptions;
  readonly createReads: (deployment: D) => ConsoleReads;
  readonly page: PageFiles;
  /** @default 3737, or a free port if that is taken */
  readonly port?: number | undefined;
  /** Whether the console of a deployment on AWS may change it. @default false */
  readonly write?: boolean;
  /** What a test replaces; see `LiveOptions`. */
  readonly clock?: NonNullable<LiveOptions['clock']>;
}

/** A console that runs. */
export interface Console<D extends Place = Deployment> {
  /** Its address, such as `http://127.0.0.1:3737`. */
  readonly url: string;
  /** Lets the console read another deployment from now on. The former one may be closed then. */
  replace(deployment: D): void;
  /** Ends all connections and interrupts the commands that run. */
  close(): Promise<void>;
}

/**
 * Starts a console on 127.0.0.1.
 *
 * @throws UsageError if the given port is taken
 */
export async function startConsole<D extends Place>(options: ConsoleOptions<D>): Promise<Console<D>> {
  const { io, on = {}, createReads, page, write = false, clock } = options;
  const stop = new AbortController();
  let deployment = options.deployment;
  let reads = createReads(deployment);
  let port = 0;

  const reading = async <T>(read: (reads: ConsoleReads) => Promise<T>): Promise<T> => {
    const of = reads;
    try {
      return await read(of);
    } catch (error) {
      // The deployment was replaced meanwhile, and the former one is closed.
      if (of !== reads) return read(reads);
      throw error;
    }
  };
  const failure = (error: unknown) => failureOf(deployment, on, error);
  const live = createLive({
    read: () => reads.flow(),
    isLocal: () => deployment.isLocal,
    explain: (error) => failure(error).body,
    ...(clock && { clock }),
  });
  const actions = () => createActions({ io, isLocal: deployment.isLocal, on, write, signal: stop.signal });
  const token = randomBytes(32).toString('base64url');

  const app = new Hono<Env>();
  app.use(securityHeaders);
  app.use(ownOrigin(() => port));
  app.use(ownChange(token));
  app.route('/api', apiRoutes({ instance: randomUUID(), reading, live, actions }));
  const index = page.index(token);
  app.get('/', (c) => c.body(index.body, 200, { ...index.headers }));
  app.get('*', (c) => {
    const file = page.file(c.req.path);
    return file === undefined ? c.notFound() : c.body(file.body, 200, { ...file.headers });
  });
  app.notFound((c) => refused(c, 404, 'there is nothing at this address.'));
  app.onError((error, c) => {
    const { status, body } = failure(error);
    return c.json(body, status);
  });

  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`,
    replace(next) {
      deployment = next;
      reads = createReads(next);
      live.replaced();
    },
    async close() {
      stop.abort();
      live.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Listens on the given port, or on the default port or a free one. @returns the port */
async function listen(server: Server, given: number | undefined): Promise<number> {
  const wanted = given ?? DEFAULT_PORT;
  if (!(await listens(server, wanted))) {
    if (given !== undefined)
      throw new UsageError(`port ${given} is taken by another process. Name another one, or none for a free port.`);
    await listens(server, 0);
  }
  return (server.address() as AddressInfo).port;
}

/** @returns false if the port is taken */
function listens(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off('listening', onListening);
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    };
    const onListening = () => {
      server.off('error', onError);
      resolve(true);
    };
    server.once('error', onError).once('listening', onListening);
    server.listen(port, '127.0.0.1');
  });
}
