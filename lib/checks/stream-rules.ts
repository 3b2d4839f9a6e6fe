import { below, isFifo, listOf, ownOf, type Plan, type Problem, type Rendered, TYPE } from './plan.ts';

/** A stream is read from its beginning. */
export function streamStartsAtItsBeginning(plan: Plan): readonly Problem[] {
  return streamMappings(plan).flatMap(({ path, properties }) => {
    if (properties.StartingPosition !== 'LATEST') return [];
    return {
      path,
      what: 'StartingPosition is LATEST',
      why: 'a new mapping starts to poll minutes after it was made; what the owner commits until then would never be published',
      page: 'lambda/with-ddb',
      fix: 'set StartingPosition to TRIM_HORIZON',
    };
  });
}

/** What a stream's mapping gives up on goes where it is kept: Lambda takes a standard queue or topic, or a bucket. */
export function streamFailuresAreKept(plan: Plan): readonly Problem[] {
  return streamMappings(plan).flatMap((mapping) => {
    const { path, properties } = mapping;
    const destination = below(properties.DestinationConfig, 'OnFailure', 'Destination');
    if (destination === undefined) {
      return {
        path,
        what: 'DestinationConfig.OnFailure is missing',
        why: 'when retries or the record age are used up Lambda discards the records, and after 24 hours the stream has forgotten them too',
        page: 'lambda/services-dynamodb-errors',
        fix: "set DestinationConfig.OnFailure.Destination to a standard queue's ARN, as the construct does with its failure queue",
      };
    }
    if (isFifo(plan, mapping, destination) !== true) return [];
    return {
      path,
      what: 'DestinationConfig.OnFailure.Destination is FIFO',
      why: 'Lambda sends discarded records to standard queues and topics only',
      page: 'lambda/services-ddb-params',
      fix: 'let it be a standard queue, as the construct does with its failure queue',
    };
  });
}

/** Our functions answer with what failed; that only counts where the mapping asks for it. */
export function failuresAreReported(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.mapping).flatMap((mapping) => {
    const { path, properties } = mapping;
    const types = properties.FunctionResponseTypes;
    if (listOf(types).includes('ReportBatchItemFailures') || (types !== undefined && !Array.isArray(types))) return [];
    return {
      path,
      what: 'FunctionResponseTypes lacks ReportBatchItemFailures',
      why: 'the function answers with what failed; a mapping that does not ask for the answer takes the whole batch as done, and the failed events are lost',
      page: isStream(mapping) ? 'lambda/services-ddb-batchfailurereporting' : 'lambda/services-sqs-errorhandling',
      fix: 'set FunctionResponseTypes to [ReportBatchItemFailures]',
    };
  });
}

/** A topic never makes up a deduplication id from the content. */
export function deduplicationIdsAreOurs(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.topic).flatMap(({ path, properties }) => {
    const { ContentBasedDeduplication: byContent } = properties;
    if (byContent !== true && byContent !== 'true') return [];
    return {
      path,
      what: 'ContentBasedDeduplication is true',
      why: 'a message without an id gets the hash of its content: a value that changes and changes back within 5 minutes is then dropped as a duplicate',
      page: 'sns/fifo-message-dedup',
      fix: 'set ContentBasedDeduplication to false; the ids are made of entity and version',
    };
  });
}

function streamMappings(plan: Plan): readonly Rendered[] {
  return ownOf(plan, TYPE.mapping).filter(isStream);
}

/** Only a stream's mapping has a starting position. */
function isStream({ properties }: Rendered): boolean {
  return properties.StartingPosition !== undefined;
}
