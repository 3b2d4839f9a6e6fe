// Starts to record what the process of a CDK app reads; see record.cjs. reuse.ts loads this file with NODE_OPTIONS.
//
// It is loaded by --require. After an --import, Node runs every program by its loader of ES modules, and ts-node can't
// load an app then.

// Node loads this file in the thread of the module hooks too, which record.cjs starts. That thread records nothing.
const THREAD = 'FRESHET_RECORDS_HOOKS';
if (process.env[THREAD] === undefined) {
  process.env[THREAD] = 'true';
  require('./record.cjs');
  delete process.env[THREAD];
}
