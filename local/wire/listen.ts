import type { Server } from 'node:http';

/**
 * Starts a server on 127.0.0.1 only. Resolves to its URL, without a slash at the end. Rejects if the port is taken.
 * @param port 0 means a free port
 */
export function listen(server: Server, port = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string')
        return reject(new Error(`The server has no TCP address: ${address}`));
      resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}

/** Stops a server and closes its connections, including those with open requests. */
export function closeAtOnce(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
