// One execution environment of a Lambda function: loads the handler, and then answers one invocation after another over
// the socket whose descriptor it is given. Each message is a line of JSON. executor.py is the other end.
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const socket = new Socket({ fd: Number(process.argv[2]), readable: true, writable: true });
const say = (message) => socket.write(`${JSON.stringify(message)}\n`);

const asError = (error) => ({
  errorType: error?.name ?? 'Error',
  errorMessage: error?.message ?? String(error),
  trace: String(error?.stack ?? '').split('\n'),
});

async function load() {
  const handler = process.env._HANDLER ?? '';
  const dot = handler.lastIndexOf('.');
  const base = join(process.env.LAMBDA_TASK_ROOT ?? '', handler.slice(0, dot));
  const file = ['.js', '.mjs', '.cjs'].map((ending) => base + ending).find(existsSync);
  if (file === undefined)
    throw Object.assign(new Error(`there is no module ${base}`), { name: 'Runtime.ImportModuleError' });
  const module = await import(pathToFileURL(file).href);
  const name = handler.slice(dot + 1);
  const found = module[name] ?? module.default?.[name];
  if (typeof found !== 'function')
    throw Object.assign(new Error(`${handler} is no function`), { name: 'Runtime.HandlerNotFound' });
  return found;
}

function invoke(handler, { id, arn, deadline, payload, trace }) {
  process.env._X_AMZN_TRACE_ID = trace;
  const context = {
    awsRequestId: id,
    invokedFunctionArn: arn,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  return handler(JSON.parse(payload), context);
}

try {
  const handler = await load();
  socket.on('close', () => process.exit(0));
  createInterface({ input: socket }).on('line', async (line) => {
    try {
      const result = await invoke(handler, JSON.parse(line));
      say({ result: JSON.stringify(result) ?? 'null' });
    } catch (error) {
      console.error(error);
      say({ error: asError(error) });
    }
  });
  say({ ready: true });
} catch (error) {
  console.error(error);
  socket.end(`${JSON.stringify({ error: asError(error) })}\n`, () => process.exit(1));
}
