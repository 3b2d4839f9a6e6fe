import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A function's time-out in the copied assembly. AWS's shortest is 1; the local host takes fractions, and each kill lasts one. */
const TIMEOUT_SECONDS = 0.75;

/** As the constructs have it, six function time-outs, in the whole seconds that SQS takes. */
const VISIBILITY_SECONDS = Math.ceil(6 * TIMEOUT_SECONDS);

/** As many as the local host has execution environments for, so that no batch waits for one while its visibility runs out. */
const CONCURRENCY = 2;

const CHANGES: Readonly<Record<string, object>> = {
  'AWS::Lambda::Function': { Timeout: TIMEOUT_SECONDS },
  'AWS::SQS::Queue': { VisibilityTimeout: VISIBILITY_SECONDS },
};

interface Template {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
}

/** Copies a cloud assembly: the same bundles, with templates whose functions and queues have short time-outs. */
export function copyShortLived(assembly: string, folder: string): string {
  cpSync(assembly, folder, { recursive: true });
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.template.json'))) {
    const path = join(folder, file);
    const template = JSON.parse(readFileSync(path, 'utf8')) as Template;
    for (const { Type, Properties } of Object.values(template.Resources)) {
      Object.assign(Properties ?? {}, CHANGES[Type]);
      if (Type === 'AWS::Lambda::EventSourceMapping' && Properties.ScalingConfig !== undefined) {
        Properties.ScalingConfig = { MaximumConcurrency: CONCURRENCY };
      }
    }
    writeFileSync(path, JSON.stringify(template));
  }
  return folder;
}
