import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import boundary from '../../../lambdas/boundary.ts';
import { required } from '../../../lambdas/environment.ts';

const owner = createOwner({ boundary, tableName: required('OWNER_TABLE'), client: dynamoDbClient() });

/** Answers `GET /type/id` with the current entity, with 404 if it never existed, and with 410 if it is deleted. */
export async function handler({ rawPath }: LambdaFunctionURLEvent): Promise<LambdaFunctionURLResult> {
  const [, type = '', id = ''] = rawPath.split('/').map(decodeURIComponent);
  const found = await owner.get(type, id);
  if (found === undefined) return answer(404, {});
  const { version, changedAt, state } = found;
  if (state === undefined) return answer(410, { version, changedAt });
  return answer(200, { version, changedAt, value: state });
}

function answer(statusCode: number, body: object): LambdaFunctionURLResult {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
