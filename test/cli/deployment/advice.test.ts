import { describe, expect, test } from 'vitest';
import { FunctionFailed } from '../../../cli/clients/invoke.ts';
import { adviceOn } from '../../../cli/deployment/advice.ts';
import type { Deployment } from '../../../cli/deployment/deployment.ts';
import { explained } from '../../../cli/work.ts';

const named = (name: string, code?: string) =>
  Object.assign(new Error(code === undefined ? 'no' : ''), { name, ...(code !== undefined && { code }) });
const aws = { place: 'AWS', isLocal: false };

describe('the advice on a request that failed', () => {
  test.each<[string, Error, string]>([
    ['an expired token', named('ExpiredTokenException'), 'Renew your AWS credentials'],
    ['a missing permission', named('AccessDeniedException'), 'permissions that --help names'],
    ['throttling', named('ThrottlingException'), 'wait a minute'],
    ['a stopped function', named('TooManyRequestsException'), 'a reserved concurrency of 0'],
    ['a deleted table', named('ResourceNotFoundException'), 'was deleted'],
    ['a time-out', named('TimeoutError'), 'Check your network'],
    ['a network error without a message', named('AggregateError', 'ECONNREFUSED'), 'Check your network'],
  ])('%s gets advice of its own', (_, error, expected) => {
    const text = adviceOn(aws, error);
    expect(text).toContain(`AWS: a request failed. ${error.name}: `);
    expect(text).toContain(expected);
    if (error.name !== 'ExpiredTokenException') expect(text).not.toContain('Renew');
  });

  test('an error that is not known gets no advice', () => {
    expect(adviceOn(aws, named('ValidationException'))).toBe('AWS: a request failed. ValidationException: no.');
  });

  test('a repair function that failed is named by its cache, with the command that shows its log', () => {
    const error = new FunctionFailed('repair function', 'ordering', 'Error: too slow');
    const { message } = explained(aws as Deployment, { stack: ['Ordering'] }, error) as Error;
    expect(message).toMatch(
      /^the repair function of ordering failed: Error: too slow\. You can run the command again\./,
    );
    expect(message).toMatch(/To see why: .*logs repair --errors --stack Ordering$/);
  });
});
