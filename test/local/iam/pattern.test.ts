import { expect, test } from 'vitest';
import { actionMatches, arnMatches, resourceMatches } from '../../../local/iam/pattern.ts';

test.each([
  ['*', 'dynamodb:PutItem', true],
  ['dynamodb:*Item', 'dynamodb:PutItem', true],
  ['DYNAMODB:putitem', 'dynamodb:PutItem', true],
  ['dynamodb:Put', 'dynamodb:PutItem', false],
  ['dynamodb:?utItem', 'dynamodb:PutItem', true],
  ['dynamodb.PutItem', 'dynamodb:PutItem', false],
])('whether the action pattern %s matches %s is %s', (pattern, action, expected) => {
  expect(actionMatches(pattern, action)).toBe(expected);
});

test.each([
  ['*', 'arn:aws:sqs:eu:1:q', true],
  ['*', '*', true],
  ['arn:aws:sqs:eu:1:*', 'arn:aws:sqs:eu:1:q', true],
  ['arn:aws:sqs:*', 'arn:aws:sqs:eu:1:q', true],
  ['arn:aws:sqs:e*u:1:q', 'arn:aws:sqs:eeu:1:q', true],
  ['arn:aws:sqs:e*u:q', 'arn:aws:sqs:eu:u:q', false],
  ['arn:aws:sqs:eu:1:Q', 'arn:aws:sqs:eu:1:q', false],
  ['arn:aws:dynamodb:eu:1:table/t', 'arn:aws:dynamodb:eu:1:table/t/index/i', false],
  ['arn:aws:dynamodb:eu:1:table/t/index/*', 'arn:aws:dynamodb:eu:1:table/t/index/i', true],
  ['arn:aws:dynamodb:eu:1:table/t/index/*', 'arn:aws:dynamodb:eu:1:table/t', false],
  ['arn:aws:sqs:eu:1:*', '*', false],
])('whether the resource pattern %s matches %s is %s', (pattern, arn, expected) => {
  expect(resourceMatches(pattern, arn)).toBe(expected);
});

test.each([
  ['arn:aws:sns:*:*:t', 'arn:aws:sns:eu:1:t', true],
  ['arn:aws:sns:*:t', 'arn:aws:sns:eu:1:t', false],
  ['arn:aws:sns:eu:1:t*', 'arn:aws:sns:eu:1:t:sub', true],
  ['*', 'arn:aws:sns:eu:1:t', false],
])('whether the ARN pattern %s matches %s is %s', (pattern, arn, expected) => {
  expect(arnMatches(pattern, arn)).toBe(expected);
});
