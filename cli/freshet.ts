#!/usr/bin/env node
import { EXIT } from './errors.ts';
import type { CommandIo } from './io.ts';
import { runCommand } from './main.ts';

// On Node 20 the SDK prints that it will drop it. Lambda functions run on a version of their own.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// A reader such as `head` may close the pipe. The command goes on, and its exit code says how it ended.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const onSignal: CommandIo['onSignal'] = (signals, listener) => {
  let isInterrupted = false;
  const onEach = () => {
    if (isInterrupted) process.exit(EXIT.interrupted);
    isInterrupted = true;
    listener();
  };
  for (const signal of signals) process.on(signal, onEach);
  return () => {
    for (const signal of signals) process.off(signal, onEach);
  };
};

process.exitCode = await runCommand(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  onSignal,
  async importModule(url) {
    // Node 20 can't load TypeScript by itself. Loaded only here, since every import after it is slower.
    await import('./typescript.ts');
    return import(url);
  },
});
