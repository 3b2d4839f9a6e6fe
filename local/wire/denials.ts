import { randomUUID } from 'node:crypto';
import type { Denial } from '../iam/denial.ts';
import { type Answer, snsError, sqsError } from './errors.ts';

type Refused = Pick<Denial, 'message'>;

/** The error code of every service except SNS. */
const CODE = 'AccessDeniedException';
const FORBIDDEN = 403;

/** sqs-api/CommonErrors */
export function sqsDenial({ message }: Refused): Answer {
  const { headers, ...rest } = sqsError({ code: CODE, message }, FORBIDDEN);
  return { ...rest, headers: { ...headers, 'x-amzn-requestid': randomUUID() } };
}

/** sns-api/API_Publish, Errors */
export function snsDenial({ message }: Refused, requestId: string): Answer {
  return snsError({ code: 'AuthorizationError', message }, FORBIDDEN, requestId);
}

/** cloudwatch/latest/APIReference/CommonErrors */
export function cloudWatchDenial({ message }: Refused): Answer {
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-requestid': randomUUID(),
    'x-amzn-query-error': `${CODE};Sender`,
  };
  return { status: FORBIDDEN, headers, body: JSON.stringify({ __type: `com.amazon.coral.service#${CODE}`, message }) };
}

/** lambda/latest/api/CommonErrors */
export function lambdaDenial({ message }: Refused): Answer {
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': CODE, 'x-amzn-requestid': randomUUID() };
  return { status: FORBIDDEN, headers, body: JSON.stringify({ Message: message }) };
}

/** ddb/Programming.Errors: the status is 400, unlike the other services'. */
export function dynamoDbDenial({ message }: Refused): Answer {
  return dynamoDbError(`com.amazon.coral.service#${CODE}`, message);
}

/** More than one index change in one update (ddb-api/API_UpdateTable). */
export function tooManyIndexChanges(): Answer {
  return dynamoDbError(
    'com.amazonaws.dynamodb.v20120810#LimitExceededException',
    'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
  );
}

function dynamoDbError(type: string, message: string): Answer {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() };
  return { status: 400, headers, body: JSON.stringify({ __type: type, message }) };
}
