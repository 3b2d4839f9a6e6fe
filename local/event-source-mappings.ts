import type { StreamMappingOptions } from './lambda/stream-mapping.ts';

/** An event source mapping on a queue. */
export interface QueueMappingRequest {
  readonly functionName: string;
  readonly queueArn: string;
  readonly batchSize: number;
  readonly maximumConcurrency: number | undefined;
  readonly reportBatchItemFailures: boolean;
}

/** An event source mapping on a stream. */
export interface StreamMappingRequest
  extends Omit<StreamMappingOptions, 'engine' | 'functionArn' | 'region' | 'invoke' | 'onFailure' | 'positions'> {
  readonly functionName: string;
  /** ARN of a standard queue. */
  readonly onFailureDestination: string | undefined;
}

/** What an event source mapping connects, and how. */
export type MappingRequest =
  | ({ readonly kind: 'queue' } & QueueMappingRequest)
  | ({ readonly kind: 'stream' } & StreamMappingRequest);

/** The state of an event source mapping. */
export interface MappingState {
  readonly id: string;
  readonly enabled: boolean;
  readonly request: MappingRequest;
}

/** The event source mappings of the account, by id. */
export interface EventSourceMappings {
  /** The enabled mappings. The same array always. */
  readonly running: readonly Mapping[];
  list(): MappingState[];
  /**
   * Creates a mapping, or changes the mapping of this id. A changed mapping on a stream continues where it was. Rejects
   * if Lambda would refuse the mapping.
   */
  put(id: string, enabled: boolean, request: MappingRequest): Promise<void>;
  remove(id: string): Promise<void>;
  stop(): Promise<void>;
}

/** A running event source mapping. */
export interface Mapping {
  readonly functionName: string;
  /** Resolves when the records that were written before the call have been processed. */
  caughtUp(): Promise<void>;
  /** Whether the source has no messages and no invocation runs. Always true for a stream. */
  isEmpty(): boolean;
  /** Call it when the function was stopped or may run again. */
  wake(): void;
  stop(): Promise<void>;
}
