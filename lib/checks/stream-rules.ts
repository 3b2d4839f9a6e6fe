import { below, isFifo, listOf, ownOf, type Plan, type Problem, type Rendered, TYPE } from './plan.ts';

/** A stream is read from its oldest record. */
export function streamStartsAtItsBeginning(plan: Plan): readonly Problem[] {
  return streamMappings(plan).flatMap(({ path, properties }) => {
    if (properties.StartingPosition !== 'LATEST') return [];
    return {
      path,
      what: 'StartingPosition is LATEST',
      why:
        'a new mapping starts polling minutes after its creation, so changes that the owner commits before that ' +
        'would never be published',
      page: 'lambda/with-ddb',
      fix: 'set StartingPosition to TRIM_HORIZON',
    };
  });
}

/** A stream mapping sends discarded records to a destination: a standard queue, a standard topic or a bucket. */
export function streamFailuresAreKept(plan: Plan): readonly Problem[] {
  return streamMappings(plan).flatMap((mapping) => {
    const { path, properties } = mapping;
    const destination = below(properties.DestinationConfig, 'OnFailure', 'Destination');
    if (destination === undefined) {
      return {
        path,
        what: 'DestinationConfig.OnFailure is missing',
        why:
          'Lambda discards the records when the retries or the maximum record age are used up, and the stream ' +
          'deletes them after 24 hours',
        page: 'lambda/services-dynamodb-errors',
        fix:
          'set DestinationConfig.OnFailure.Destination to the ARN of a standard queue, as the construct does with ' +
          'its failure queue',
      };
    }
    if (isFifo(plan, mapping, destination) !== true) return [];
    return {
      path,
      what: 'DestinationConfig.OnFailure.Destination is FIFO',
      why: 'Lambda does not send discarded records to FIFO queues or topics',
      page: 'lambda/services-ddb-params',
      fix: 'use a standard queue, as the construct does with its failure queue',
    };
  });
}

/** Every mapping asks for partial batch responses, because Freshet's functions return the failed messages. */
export function failuresAreReported(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.mapping).flatMap((mapping) => {
    const { path, properties } = mapping;
    const types = properties.FunctionResponseTypes;
    if (listOf(types).includes('ReportBatchItemFailures') || (types !== undefined && !Array.isArray(types))) return [];
    return {
      path,
      what: 'FunctionResponseTypes does not contain ReportBatchItemFailures',
      why:
        'the function returns the ids of failed messages; without this setting Lambda treats the whole batch as ' +
        'done, and the failed events are lost',
      page: isStream(mapping) ? 'lambda/services-ddb-batchfailurereporting' : 'lambda/services-sqs-errorhandling',
      fix: 'set FunctionResponseTypes to [ReportBatchItemFailures]',
    };
  });
}

/** A topic never derives a deduplication id from the content. */
export function deduplicationIdsAreOurs(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.topic).flatMap(({ path, properties }) => {
    const { ContentBasedDeduplication: byContent } = properties;
    if (byContent !== true && byContent !== 'true') return [];
    return {
      path,
      what: 'ContentBasedDeduplication is true',
      why:
        'SNS would use the hash of the content as deduplication id, and drop a value that changes back within 5 ' +
        'minutes as a duplicate',
      page: 'sns/fifo-message-dedup',
      fix: 'set ContentBasedDeduplication to false; Freshet builds the ids from entity and version',
    };
  });
}

function streamMappings(plan: Plan): readonly Rendered[] {
  return ownOf(plan, TYPE.mapping).filter(isStream);
}

/** Only a stream mapping has a starting position. */
function isStream({ properties }: Rendered): boolean {
  return properties.StartingPosition !== undefined;
}
