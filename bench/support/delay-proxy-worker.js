// The proxy of delay-proxy.ts, in plain JavaScript because a worker has no tsx. Chunks keep their order, because timers
// of the same length fire in the order in which they were set.

import { connect, createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { port, latencyMs } = workerData;

const server = createServer((client) => {
  const engine = connect(port, '127.0.0.1');
  client.setNoDelay(true);
  engine.setNoDelay(true);
  client.on('data', (chunk) => setTimeout(() => engine.write(chunk), latencyMs));
  engine.pipe(client);
  for (const [one, other] of [
    [client, engine],
    [engine, client],
  ]) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  parentPort?.postMessage(typeof address === 'object' && address ? address.port : 0);
});
