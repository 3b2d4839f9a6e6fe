import { Worker } from 'node:worker_threads';

/** A TCP proxy on 127.0.0.1 that delays each request of the client. */
export interface DelayProxy {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the proxy in a worker thread, so that a busy client can't delay it. @param latencyMs whole milliseconds */
export async function startDelayProxy(target: string, latencyMs: number): Promise<DelayProxy> {
  const { port } = new URL(target);
  const worker = new Worker(new URL('./delay-proxy-worker.js', import.meta.url), {
    workerData: { port: Number(port), latencyMs },
    execArgv: [],
  });
  const listening = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return {
    url: `http://127.0.0.1:${listening}`,
    async stop() {
      await worker.terminate();
    },
  };
}
