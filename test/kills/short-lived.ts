import { copyAssembly } from '../support/copy-assembly.ts';

/** A function's time-out in the copied assembly, in seconds. AWS's shortest is 1, which a busy machine may need. */
const TIMEOUT_SECONDS = 2;

/** Six function time-outs, as in the constructs. */
const VISIBILITY_SECONDS = 6 * TIMEOUT_SECONDS;

/** As many as the local host's execution environments, so that no batch waits for one while its visibility ends. */
const CONCURRENCY = 2;

const CHANGES: Readonly<Record<string, object>> = {
  'AWS::Lambda::Function': { Timeout: TIMEOUT_SECONDS },
  'AWS::SQS::Queue': { VisibilityTimeout: VISIBILITY_SECONDS },
};

/** Copies a cloud assembly: the same bundles, with short time-outs of functions and queues. */
export function copyShortLived(assembly: string, folder: string): string {
  return copyAssembly(assembly, folder, ({ type, properties }) => {
    Object.assign(properties, CHANGES[type]);
    if (type === 'AWS::Lambda::EventSourceMapping' && properties.ScalingConfig !== undefined) {
      properties.ScalingConfig = { MaximumConcurrency: CONCURRENCY };
    }
  });
}
