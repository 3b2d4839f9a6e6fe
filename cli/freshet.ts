#!/usr/bin/env node
import { main } from './main.ts';

// On Node 20 the SDK prints that it will drop it; the version a person has here isn't what runs in Lambda.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// Whoever reads the output has had enough, as `head` has: the command goes on, and its exit code says what became of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

await main(process.argv.slice(2));
