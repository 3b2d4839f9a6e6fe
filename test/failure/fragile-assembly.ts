import { copyAssembly } from '../support/copy-assembly.ts';

/** A projector's time-out and memory in the copied assembly. The memory is AWS's smallest. */
export const PROJECTOR = { timeoutSeconds: 4, memoryMb: 128 };

/** Visibility time-out of the caches' queues: a crashed batch is delivered again after it. */
const VISIBILITY_SECONDS = 5;

/** As many as the local host's execution environments, so that no batch waits for one while its visibility ends. */
const CONCURRENCY = 2;

/**
 * Copies a cloud assembly: the same bundles, with little time and memory for projectors. The repair functions are
 * unchanged.
 */
export function copyFragile(assembly: string, folder: string): string {
  return copyAssembly(assembly, folder, ({ logicalId, type, properties }) => {
    if (type === 'AWS::Lambda::Function' && logicalId.startsWith('CacheProjector')) {
      Object.assign(properties, { Timeout: PROJECTOR.timeoutSeconds, MemorySize: PROJECTOR.memoryMb });
    }
    if (type === 'AWS::SQS::Queue' && logicalId.startsWith('CacheQueue')) {
      properties.VisibilityTimeout = VISIBILITY_SECONDS;
    }
    if (type === 'AWS::Lambda::EventSourceMapping' && properties.ScalingConfig !== undefined) {
      properties.ScalingConfig = { MaximumConcurrency: CONCURRENCY };
    }
  });
}
