import { Logger } from '@aws-lambda-powertools/logger';

/**
 * Returns a function that gives the logger of a service. The logger is created at its first use, because most batches
 * log nothing.
 */
export function loggerOf(serviceName: string): () => Logger {
  let logger: Logger | undefined;
  return () => {
    logger ??= new Logger({ serviceName });
    return logger;
  };
}
