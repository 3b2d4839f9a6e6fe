import { copyAssembly } from '../support/copy-assembly.ts';

/** What a projector is given in the copied assembly; half of AWS's smallest memory, so that it is used up well within the time. */
export const PROJECTOR = { timeoutSeconds: 1.5, memoryMb: 64 };

/** Of the caches' queues: a crashed batch comes again after that. */
const VISIBILITY_SECONDS = 2;

/** As many as the local host has execution environments for, so that no batch waits for one while its visibility runs out. */
const CONCURRENCY = 2;

/** Copies a cloud assembly: the same bundles, with projectors that have little time and memory; the repair functions keep theirs. */
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
