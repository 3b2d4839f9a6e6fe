#!/usr/bin/env node
import { runCommand } from './main.ts';
import { watchProcess } from './process-io.ts';

// On Node 20 the SDK prints that it will drop it. Lambda functions run on a version of their own.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const { onSignal, exitCodeOf } = watchProcess(process);

const code = await runCommand(process.argv.slice(2), {
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
process.exitCode = exitCodeOf(code);
