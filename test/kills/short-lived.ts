import { copyAssembly } from '../support/copy-assembly.ts';

/** A function's time-out in the copied assembly. AWS's shortest is 1; the local host takes fractions. */
const TIMEOUT_SECONDS = 1.5;

/** As the constructs have it, six function time-outs, in the whole seconds that SQS takes. */
const VISIBILITY_SECONDS = Math.ceil(6 * TIMEOUT_SECONDS);

/** As many as the local host has execution environments for, so that no batch waits for one while its visibility runs out. */
const CONCURRENCY = 2;

const CHANGES: Readonly<Record<string, object>> = {
  'AWS::Lambda::Function': { Timeout: TIMEOUT_SECONDS },
  'AWS::SQS::Queue': { VisibilityTimeout: VISIBILITY_SECONDS },
};

/** Copies a cloud assembly: the same bundles, with templates whose functions and queues have short time-outs. */
export function copyShortLived(assembly: string, folder: string): string {
  return copyAssembly(assembly, folder, ({ type, properties }) => {
    Object.assign(properties, CHANGES[type]);
    if (type === 'AWS::Lambda::EventSourceMapping' && properties.ScalingConfig !== undefined) {
      properties.ScalingConfig = { MaximumConcurrency: CONCURRENCY };
    }
  });
}
