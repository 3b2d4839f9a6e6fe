// Loads a bundle, and calls its handler if an event is given. Plain JavaScript, so that the process loads nothing else.

const [, , url, event] = process.argv;

const beginCpu = process.cpuUsage();
const begin = performance.now();
const { handler } = await import(url);
const loaded = measured();
let applied;
if (event !== undefined) {
  const { batchItemFailures } = await handler(JSON.parse(event), { getRemainingTimeInMillis: () => 20_000 });
  if (batchItemFailures.length > 0) throw new Error('the event was not applied');
  applied = measured();
}
// The log of the handler is on the standard output.
process.stderr.write(JSON.stringify({ loaded, applied }));
process.exit(0);

function measured() {
  const elapsedMs = performance.now() - begin;
  const { user, system } = process.cpuUsage(beginCpu);
  return { cpuMs: (user + system) / 1000, elapsedMs };
}
