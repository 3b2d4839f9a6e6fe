// One execution environment of a Lambda function. environment.ts runs this file in a worker thread.
//
// The file is plain JavaScript because a worker that loads tsx first takes 68 ms to start instead of 20 ms (measured on
// Node 20), and because vitest has no tsx to load.
//
// All messages to the parent use one port, so log lines arrive before the result of the invocation that wrote them.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import Module from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * @typedef {{ name: string, arn: string, codeDir: string, handler: string, memoryMb: number, timeoutMs: number }}
 * FunctionData
 */
/** @typedef {(event: unknown, context: object) => unknown} Handler */

/** @type {FunctionData} */
const data = workerData;
const port = parentPort ?? fail('worker.js runs in a worker thread only');
const capturedStreams = [captureLines(process.stdout), captureLines(process.stderr)];

try {
  const handler = await loadHandler();
  port.on('message', (message) => invoke(handler, message));
  port.postMessage({ type: 'ready' });
} catch (error) {
  reportError(error);
  port.postMessage({ type: 'initFailed', ...describe(error) });
}

/**
 * @param {Handler} handler
 * @param {{ requestId: string, event: string }} message
 */
async function invoke(handler, { requestId, event }) {
  let answer;
  process.env._X_AMZN_TRACE_ID = traceHeader();
  try {
    const payload = await handler(JSON.parse(event), createContext(requestId));
    answer = { type: 'result', requestId, payload: JSON.stringify(payload) ?? 'null' };
  } catch (error) {
    reportError(error);
    answer = { type: 'failed', requestId, ...describe(error) };
  }
  for (const flush of capturedStreams) flush();
  port.postMessage(answer);
}

/**
 * The context object: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
 * @param {string} requestId
 */
function createContext(requestId) {
  const deadline = Date.now() + data.timeoutMs;
  return {
    functionName: data.name,
    functionVersion: '$LATEST',
    invokedFunctionArn: data.arn,
    memoryLimitInMB: String(data.memoryMb),
    awsRequestId: requestId,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

/**
 * Each invocation has its own trace:
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
function traceHeader() {
  const time = Math.floor(Date.now() / 1000).toString(16);
  const [trace, parent] = [12, 8].map((bytes) => randomBytes(bytes).toString('hex'));
  return `Root=1-${time}-${trace};Parent=${parent};Sampled=0`;
}

/** @returns {Promise<Handler>} */
async function loadHandler() {
  const dot = data.handler.lastIndexOf('.');
  const base = join(data.codeDir, data.handler.slice(0, dot));
  const file = ['.mjs', '.cjs', '.js'].map((extension) => base + extension).find((path) => existsSync(path));
  if (!file) fail(`Runtime.ImportModuleError: Cannot find module '${base}'`);
  const loaded = isLooseCommonJs(file) ? loadCommonJs(file) : await import(pathToFileURL(file).href);
  const name = data.handler.slice(dot + 1);
  const handler = loaded[name] ?? loaded.default?.[name];
  if (typeof handler !== 'function') fail(`Runtime.HandlerNotFound: ${data.handler} is undefined or not exported`);
  return handler;
}

/**
 * On Lambda, a .js file without a package.json beside it is CommonJS. Locally, Node would look at the package.json of
 * the surrounding project, so this file loads the bundle itself.
 * @param {string} file
 */
function isLooseCommonJs(file) {
  return file.endsWith('.js') && !existsSync(join(data.codeDir, 'package.json'));
}

/** @param {string} file */
function loadCommonJs(file) {
  const module = new Module(file);
  module.filename = file;
  module.paths = Module._nodeModulePaths(dirname(file));
  module._compile(readFileSync(file, 'utf8'), file);
  return module.exports;
}

/**
 * Sends a stream's lines to the parent. It replaces `write`, because a worker's own stdout is asynchronous: lines would
 * arrive after the result. Separate consoles, such as the one of Powertools, also use `write`.
 * @param {NodeJS.WriteStream} stream
 */
function captureLines(stream) {
  let rest = '';
  const send = (/** @type {string} */ line) => port.postMessage({ type: 'log', line });
  stream.write = (chunk, encoding, callback) => {
    const lines = (rest + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) send(line);
    const done = typeof encoding === 'function' ? encoding : callback;
    if (done) queueMicrotask(() => done());
    return true;
  };
  return () => {
    if (rest !== '') send(rest);
    rest = '';
  };
}

/** @param {unknown} error */
function describe(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  return { errorType: error.name, errorMessage: error.message };
}

/** Logs an error in the format of Lambda's Node.js runtime. @param {unknown} error */
function reportError(error) {
  const { errorType, errorMessage } = describe(error);
  const stack = error instanceof Error ? error.stack?.split('\n') : undefined;
  console.error(`ERROR\tInvoke Error\t${JSON.stringify({ errorType, errorMessage, stack })}`);
}

/** @param {string} message @returns {never} */
function fail(message) {
  throw new Error(message);
}
