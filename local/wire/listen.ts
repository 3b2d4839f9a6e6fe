import type { Server } from 'node:http';

/**
 * Has a server listen on 127.0.0.1, and on nothing else; rejects where it can't. Resolves to its URL, without a slash at the end.
 *
 * @param port 0: a free one
 */
export function listen(server: Server, port = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string')
        return reject(new Error(`No TCP address to serve on: ${address}`));
      resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}

/** Ends a server and its connections, whatever is under way on them. */
export function closeAtOnce(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
