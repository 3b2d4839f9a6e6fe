import { NotEmulated } from '../not-emulated.ts';
import type { Access } from './access.ts';
import type { RoleCaller } from './caller.ts';

/** An event source mapping to create. */
export interface MappingAccess {
  readonly functionName: string;
  readonly sourceArn: string;
  readonly onFailureDestination?: string | undefined;
}

/** lam/with-sqs, configuring the execution role */
const QUEUE_ACTIONS = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];
/** lam/with-ddb, execution role permissions */
const STREAM_ACTIONS = ['DescribeStream', 'GetRecords', 'GetShardIterator'];

/**
 * Throws, like CreateEventSourceMapping, if the function's role may not read the source or write to the on-failure
 * destination; `NotEmulated` if a part of the role's policies is left out. The mapping uses the role's permissions. One
 * check is enough, because policies don't change later.
 */
export function checkMapping(access: Access, { functionName, sourceArn, onFailureDestination }: MappingAccess): void {
  const caller = access.callerOf(functionName);
  if (caller === undefined) return;
  if (sourceArn.startsWith('arn:aws:sqs:')) {
    for (const action of QUEUE_ACTIONS) require(access, caller, `sqs:${action}`, sourceArn);
  } else {
    require(access, caller, 'dynamodb:ListStreams', '*');
    for (const action of STREAM_ACTIONS) require(access, caller, `dynamodb:${action}`, sourceArn);
  }
  if (onFailureDestination !== undefined) require(access, caller, 'sqs:SendMessage', onFailureDestination);
}

function require({ check, grantsLess }: Access, caller: RoleCaller, action: string, resource: string): void {
  const denial = check({ caller, action, resource });
  if (denial === undefined) return;
  const [service = '', operation = ''] = action.split(':');
  const what = `call ${operation} on ${service.toUpperCase()}`;
  const message = `The function execution role does not have permissions to ${what}. ${denial.message}`;
  throw grantsLess(caller.roleArn) ? new NotEmulated(message) : new Error(message);
}
