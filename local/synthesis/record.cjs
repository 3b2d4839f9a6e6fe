// Records what the process of a CDK app reads. recorder.cjs loads this file into each process of the app.
//
// The file is plain JavaScript, because it is loaded before an app's own TypeScript loader. It changes nothing that the
// app sees. At its end the process writes one file with the paths that it read, and with the reason if its result may
// depend on something else.

const childProcess = require('node:child_process');
const fs = require('node:fs');
const Module = require('node:module');
const net = require('node:net');
const { basename, join, resolve } = require('node:path');
const { fileURLToPath } = require('node:url');
const { MessageChannel, receiveMessageOnPort, threadId } = require('node:worker_threads');

const folder = process.env.FRESHET_RECORDS ?? '';
/** @type {Set<string>} */
const paths = new Set();
/** @type {Set<string>} */
const unknown = new Set();

/** Tools that only find and start the app. What they start is recorded on its own. */
const isStarter = /[\\/](?:npm|npx|pnpm|yarn|tsx|ts-node|corepack)[\\/]/.test(process.argv[1] ?? '');

const { writeFileSync } = fs;
process.on('exit', () => {
  for (let message = receiveMessageOnPort(loads); message; message = receiveMessageOnPort(loads)) note(message.message);
  for (const path of Object.keys(Module._cache)) note(path);
  writeFileSync(
    join(folder, `${process.pid}-${threadId}.json`),
    JSON.stringify({ paths: [...paths], unknown: [...unknown] }),
  );
});

/** @param {unknown} given a path, or the URL of a file */
function note(given) {
  if (given instanceof URL || (typeof given === 'string' && given.startsWith('file:'))) {
    const url = new URL(given);
    if (url.protocol === 'file:') paths.add(fileURLToPath(url));
  } else if (typeof given === 'string' && !given.startsWith('node:')) paths.add(resolve(given));
  else if (Buffer.isBuffer(given)) paths.add(resolve(given.toString()));
}

// The modules that are imported. Node runs these hooks in a thread of their own.
const { port1: loads, port2 } = new MessageChannel();
loads.unref();
const hooks = `
let port;
export function initialize(given) { port = given; }
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  if (found.url.startsWith('file:')) port.postMessage(found.url);
  return found;
}
export async function load(url, context, next) {
  if (url.startsWith('file:')) port.postMessage(url);
  return next(url, context);
}`;
Module.register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: port2, transferList: [port2] });

/**
 * Calls a function before each call of a method.
 * @param {any} object
 * @param {string} name
 * @param {(...given: any[]) => void} before
 */
function observe(object, name, before) {
  const method = object[name];
  object[name] = Object.assign(function (/** @type {any[]} */ ...given) {
    before(...given);
    return Reflect.apply(method, this, given);
  }, method);
}

const isForReading = (/** @type {unknown} */ flags) =>
  typeof flags === 'function' || /^(?:undefined|0|r|rs)$/.test(String(flags));
for (const object of [fs, fs.promises]) {
  for (const name of [
    'readFile',
    'readFileSync',
    'readdir',
    'readdirSync',
    'opendir',
    'opendirSync',
    'createReadStream',
  ])
    if (name in object) observe(object, name, note);
  for (const name of ['open', 'openSync'])
    if (name in object) observe(object, name, (path, flags) => isForReading(flags) && note(path));
  for (const name of ['copyFile', 'copyFileSync', 'cp', 'cpSync']) if (name in object) observe(object, name, note);
}

// A program may read anything. Node's own processes are recorded too, and esbuild says what it read.
for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync']) {
  observe(childProcess, name, (command) => {
    const program = basename(String(command)).replace(/\.exe$/, '');
    if (!isStarter && program !== 'node' && program !== 'esbuild' && command !== process.execPath)
      unknown.add(`it runs ${String(command)}`);
  });
}
observe(net.Socket.prototype, 'connect', (given) => {
  // Node passes the arguments of its own callers as a list. A path is a pipe to another process, such as tsx's.
  const [target] = Array.isArray(given) ? given : [given];
  if (!isStarter && (typeof target === 'number' || target?.port !== undefined)) unknown.add('it uses the network');
});
Module.syncBuiltinESMExports();

const load = Module._load;
Module._load = function (/** @type {string} */ request, /** @type {any[]} */ ...rest) {
  const loaded = Reflect.apply(load, this, [request, ...rest]);
  return request === 'esbuild' ? observedEsbuild(loaded) : loaded;
};

/** @type {Map<unknown, unknown>} */
const observed = new Map();

/**
 * esbuild reads files in a process of its own, and lists them in its metafile.
 * @param {any} esbuild
 */
function observedEsbuild(esbuild) {
  if (!observed.has(esbuild)) {
    const noteInputs = (/** @type {any} */ options, /** @type {any} */ result) => {
      for (const input of Object.keys(result.metafile.inputs)) note(resolve(options?.absWorkingDir ?? '.', input));
      return result;
    };
    observed.set(esbuild, {
      ...esbuild,
      buildSync: (/** @type {any} */ options) => noteInputs(options, esbuild.buildSync({ ...options, metafile: true })),
      build: async (/** @type {any} */ options) =>
        noteInputs(options, await esbuild.build({ ...options, metafile: true })),
      context: (/** @type {any} */ options) => {
        unknown.add('it watches files with esbuild');
        return esbuild.context(options);
      },
    });
  }
  return observed.get(esbuild);
}
