import { describe, expect, test } from 'vitest';
import type { Call, Caller } from '../../../local/iam/caller.ts';
import { decide } from '../../../local/iam/decide.ts';
import { denialOf } from '../../../local/iam/denial.ts';
import { readPolicy } from '../../../local/iam/statement.ts';

const account = '000000000000';
const roleArn = `arn:aws:iam::${account}:role/relay-role`;
const queue = `arn:aws:sqs:us-east-1:${account}:orders`;
const topic = `arn:aws:sns:us-east-1:${account}:changes`;
const relay: Caller = { kind: 'role', roleArn, functionName: 'relay' };
const sns: Caller = { kind: 'service', service: 'sns.amazonaws.com', sourceArn: topic };
const send = { action: 'sqs:SendMessage', resource: queue };

const allow = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: queue };
const toSns = { ...allow, Principal: { Service: 'sns.amazonaws.com' } };
const from = (arn: string, operator = 'ArnEquals') => ({
  ...toSns,
  Condition: { [operator]: { 'aws:SourceArn': arn } },
});

interface Given {
  readonly own?: object[];
  readonly queues?: object[];
}

function outcomeOf({ own = [], queues = [] }: Given, call: Partial<Call> = {}) {
  const policies = {
    ofRoles: new Map([[roleArn, readPolicy({ Statement: own }, 'Own')]]),
    ofResources: new Map([[queue, readPolicy({ Statement: queues }, 'Queue')]]),
  };
  return decide(policies, { caller: relay, ...send, ...call }).outcome;
}

describe('a function', () => {
  test.each<[string, Given, string]>([
    ['nothing is said of it', {}, 'unmentioned'],
    ['its role may', { own: [allow] }, 'allowed'],
    ['its role may do something else', { own: [{ ...allow, Action: 'sqs:ReceiveMessage' }] }, 'unmentioned'],
    ['its role may, elsewhere', { own: [{ ...allow, Resource: `${queue}.fifo` }] }, 'unmentioned'],
    [
      'its role may by a wildcard',
      { own: [{ ...allow, Action: 'SQS:send*', Resource: 'arn:aws:sqs:*:*:ord?rs' }] },
      'allowed',
    ],
    [
      'its role may do all but something else',
      { own: [{ Effect: 'Allow', NotAction: 'sqs:DeleteMessage', Resource: '*' }] },
      'allowed',
    ],
    [
      'its role may do all but this',
      { own: [{ Effect: 'Allow', NotAction: 'sqs:Send*', Resource: '*' }] },
      'unmentioned',
    ],
    ['its role may, on all but this', { own: [{ Effect: 'Allow', Action: '*', NotResource: queue }] }, 'unmentioned'],
    ['its role may not, though it may', { own: [allow, { ...allow, Effect: 'Deny' }] }, 'forbidden'],
    ['the queue lets its role', { queues: [{ ...allow, Principal: { AWS: roleArn } }] }, 'allowed'],
    ['the queue lets another role', { queues: [{ ...allow, Principal: { AWS: `${roleArn}2` } }] }, 'unmentioned'],
    ['the queue lets everybody', { queues: [{ ...allow, Principal: '*' }] }, 'allowed'],
    [
      'the queue lets the account, which none of its roles has of itself',
      { queues: [{ ...allow, Principal: { AWS: `arn:aws:iam::${account}:root` } }] },
      'unmentioned',
    ],
    [
      'the queue forbids it to the account',
      { own: [allow], queues: [{ ...allow, Effect: 'Deny', Principal: { AWS: account } }] },
      'forbidden',
    ],
    [
      'the queue forbids it, though its role may',
      { own: [allow], queues: [{ ...allow, Effect: 'Deny', Principal: { AWS: '*' } }] },
      'forbidden',
    ],
    [
      'the queue forbids what does not come over TLS, which all would on AWS',
      {
        own: [allow],
        queues: [{ ...allow, Effect: 'Deny', Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
      },
      'allowed',
    ],
    ['the queue lets SNS', { queues: [toSns] }, 'unmentioned'],
  ])('%s', (_, given, outcome) => {
    expect(outcomeOf(given)).toBe(outcome);
  });
});

describe('SNS', () => {
  test.each<[string, Given, string]>([
    ['has no role: without a policy of the queue it may not', { own: [allow] }, 'unmentioned'],
    ['may from any topic', { queues: [toSns] }, 'allowed'],
    ['may from this topic', { queues: [from(topic)] }, 'allowed'],
    ['may from topics like this', { queues: [from('arn:aws:sns:*:*:chang*', 'ArnLike')] }, 'allowed'],
    ['may from another topic', { queues: [from(`${topic}.fifo`)] }, 'unmentioned'],
    [
      'may from topics of this account',
      { queues: [{ ...toSns, Condition: { StringEquals: { 'aws:SourceAccount': [account, '1'] } } }] },
      'allowed',
    ],
    [
      'may if both conditions hold, and one does not',
      {
        queues: [
          {
            ...toSns,
            Condition: {
              StringEquals: { 'aws:SourceAccount': account },
              ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:other' },
            },
          },
        ],
      },
      'unmentioned',
    ],
    ['may from all but another topic', { queues: [from(`${topic}2`, 'ArnNotEquals')] }, 'allowed'],
    [
      'is not meant where a service of another name is',
      { queues: [{ ...toSns, Principal: { Service: 's3.amazonaws.com' } }] },
      'unmentioned',
    ],
  ])('%s', (_, given, outcome) => {
    expect(outcomeOf(given, { caller: sns })).toBe(outcome);
  });

  test('a condition on the keys of items holds for those items, and for what puts none', () => {
    const Condition = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['#one', '#other'] } };
    const mayPut = { own: [{ ...allow, Action: 'dynamodb:PutItem', Condition }] };
    const outcomes = ['#one', '#other', '#third', undefined].map((leadingKey) =>
      outcomeOf(mayPut, { action: 'dynamodb:PutItem', leadingKey }),
    );
    expect(outcomes).toEqual(['allowed', 'allowed', 'unmentioned', 'allowed']);
  });

  test('a condition on a key that a call has not does not hold, and its negation does', () => {
    const condition = (operator: string) => ({
      queues: [{ ...allow, Principal: '*', Condition: { [operator]: { 'aws:SourceArn': topic } } }],
    });
    expect(outcomeOf(condition('ArnEquals'))).toBe('unmentioned');
    expect(outcomeOf(condition('ArnNotEquals'))).toBe('allowed');
  });
});

describe('the anonymous', () => {
  const toAll = { ...allow, Principal: '*' };
  const ifNone = { ...toAll, Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } } };
  const viaUrl = { ...toAll, Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': true } } };
  test.each<[string, Given, Call['context'], string]>([
    ['may not, where nothing is said', {}, undefined, 'unmentioned'],
    ['may not by a role', { own: [allow] }, undefined, 'unmentioned'],
    ['may where everybody may', { queues: [toAll] }, undefined, 'allowed'],
    ['are no account', { queues: [{ ...allow, Principal: { AWS: account } }] }, undefined, 'unmentioned'],
    ['may by a URL without a signature', { queues: [ifNone] }, { 'lambda:FunctionUrlAuthType': 'NONE' }, 'allowed'],
    ['may not by another', { queues: [ifNone] }, { 'lambda:FunctionUrlAuthType': 'AWS_IAM' }, 'unmentioned'],
    ['may by a URL', { queues: [viaUrl] }, { 'lambda:InvokedViaFunctionUrl': 'true' }, 'allowed'],
    ['may not but by a URL', { queues: [viaUrl] }, undefined, 'unmentioned'],
    ['may not where everybody may not', { queues: [toAll, { ...toAll, Effect: 'Deny' }] }, undefined, 'forbidden'],
  ])('%s', (_, given, context, outcome) => {
    const call = { caller: { kind: 'anonymous' }, ...(context && { context }) } as const;
    expect(outcomeOf(given, call)).toBe(outcome);
  });
});

describe('what is not understood is an error that names it', () => {
  test.each([
    [
      { ...allow, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } },
      'the condition operator IpAddress is not emulated',
    ],
    [
      { ...allow, Condition: { StringEquals: { 'aws:RequestedRegion': 'x' } } },
      'the condition key aws:RequestedRegion is not emulated',
    ],
    [{ ...allow, Resource: `arn:aws:sqs:*:*:${'$'}{aws:PrincipalTag/team}` }, 'policy variables are not emulated'],
    [{ ...allow, Principal: { Federated: 'x' } }, 'Federated'],
    [{ ...allow, NotPrincipal: { AWS: 'x' } }, 'NotPrincipal'],
    [{ Effect: 'Allow', Resource: '*' }, 'a statement needs Action or NotAction'],
    [{ ...allow, Effect: 'allow' }, 'Effect'],
  ])('%j', (statement, message) => {
    expect(() => readPolicy({ Statement: statement }, 'Stack/Policy')).toThrow(message);
    expect(() => readPolicy({ Statement: statement }, 'Stack/Policy')).toThrow('Stack/Policy');
  });
});

describe('a denial', () => {
  const decision = (own: object[]) => {
    const policies = {
      ofRoles: new Map([[roleArn, readPolicy({ Statement: own }, 'Stack/Own')]]),
      ofResources: new Map(),
    };
    const decided = decide(policies, { caller: relay, ...send });
    if (decided.outcome === 'allowed') throw new Error('allowed');
    return denialOf({ caller: relay, ...send }, decided);
  };

  test("names caller, action and resource in AWS's words, and the statement that would allow it", () => {
    const { message, statement } = decision([]);
    expect(message).toBe(
      `User: arn:aws:sts::${account}:assumed-role/relay-role/relay is not authorized to perform: sqs:SendMessage on resource: ${queue} ` +
        'because no identity-based policy allows the sqs:SendMessage action\n' +
        `Would be allowed by: {"Effect":"Allow","Action":"sqs:SendMessage","Resource":"${queue}"}`,
    );
    expect(statement).toEqual(allow);
    const allowed = {
      ofRoles: new Map([[roleArn, readPolicy({ Statement: statement }, 'Own')]]),
      ofResources: new Map(),
    };
    expect(decide(allowed, { caller: relay, ...send }).outcome).toBe('allowed');
  });

  test('names the statement that denies it, and where that stands', () => {
    const { message, statement } = decision([allow, { ...allow, Effect: 'Deny' }]);
    expect(message).toContain(
      'with an explicit deny in an identity-based policy\nDenied by Stack/Own/1: {"Effect":"Deny"',
    );
    expect(statement).toEqual({ ...allow, Effect: 'Deny' });
  });

  test("of a service names the statement for the resource's policy", () => {
    const { statement } = denialOf({ caller: sns, ...send }, { outcome: 'unmentioned' });
    expect(outcomeOf({ queues: [statement] }, { caller: sns })).toBe('allowed');
  });
});
