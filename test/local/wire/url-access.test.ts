import { expect, test } from 'vitest';
import { createAccess } from '../../../local/iam/access.ts';
import { forbidden } from '../../../local/wire/url-access.ts';

test.each([
  'AWS_IAM',
  'NONE',
] as const)('a function URL of auth type %s serves everybody if permissions are not checked', (authType) => {
  const access = createAccess({ place: { region: 'us-east-1', accountId: '000000000000' }, mode: 'off' });
  const called = { functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f', authType };
  expect(forbidden({}, called, access)).toBeUndefined();
  expect(access.denials).toEqual([]);
});
