import type { IncomingMessage } from 'node:http';
import type { EventSourceMappings } from '../event-source-mappings.ts';
import type { FunctionHost } from '../lambda/host.ts';

/** The functions that can be invoked over HTTP. */
export type Invokable = Pick<FunctionHost, 'invoke' | 'functions'>;

/** The functions that can be invoked and configured over HTTP. */
export type Configurable = Invokable &
  Pick<FunctionHost, 'setReservedConcurrency' | 'definition' | 'redeploy'> & {
    /** Puts an event into Lambda's queue of asynchronous invocations. */
    invokeLater(name: string, event: unknown): void;
  };

/** The event source mappings that can be listed and changed over HTTP. */
export type Mapped = Pick<EventSourceMappings, 'list' | 'put'>;

/** A request to Lambda. */
export interface LambdaRequest {
  readonly request: IncomingMessage;
  readonly body: string;
  readonly query: URLSearchParams;
  readonly functions: Configurable;
}
