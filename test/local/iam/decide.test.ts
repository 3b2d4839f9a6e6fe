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
    ofRoles: new Map([[roleArn, readPolicy({ Statement: own }, 'Own').statements]]),
    ofResources: new Map([[queue, readPolicy({ Statement: queues }, 'Queue').statements]]),
  };
  return decide(policies, { caller: relay, ...send, ...call }).outcome;
}

describe('the calls of a function', () => {
  test.each<[string, Given, string]>([
    ['no policy mentions it', {}, 'unmentioned'],
    ['the role allows it', { own: [allow] }, 'allowed'],
    ['the role allows another action', { own: [{ ...allow, Action: 'sqs:ReceiveMessage' }] }, 'unmentioned'],
    ['the role allows it on another resource', { own: [{ ...allow, Resource: `${queue}.fifo` }] }, 'unmentioned'],
    [
      'the role allows it by a wildcard',
      { own: [{ ...allow, Action: 'SQS:send*', Resource: 'arn:aws:sqs:*:*:ord?rs' }] },
      'allowed',
    ],
    [
      'the role allows all actions except another one',
      { own: [{ Effect: 'Allow', NotAction: 'sqs:DeleteMessage', Resource: '*' }] },
      'allowed',
    ],
    [
      'the role allows all actions except this one',
      { own: [{ Effect: 'Allow', NotAction: 'sqs:Send*', Resource: '*' }] },
      'unmentioned',
    ],
    [
      'the role allows it on all resources except this one',
      { own: [{ Effect: 'Allow', Action: '*', NotResource: queue }] },
      'unmentioned',
    ],
    ['the role both allows and denies it', { own: [allow, { ...allow, Effect: 'Deny' }] }, 'forbidden'],
    ['the queue allows the role', { queues: [{ ...allow, Principal: { AWS: roleArn } }] }, 'allowed'],
    ['the queue allows another role', { queues: [{ ...allow, Principal: { AWS: `${roleArn}2` } }] }, 'unmentioned'],
    ['the queue allows everybody', { queues: [{ ...allow, Principal: '*' }] }, 'allowed'],
    [
      'the queue allows the account, which grants nothing to its roles',
      { queues: [{ ...allow, Principal: { AWS: `arn:aws:iam::${account}:root` } }] },
      'unmentioned',
    ],
    [
      'the queue denies it to the account',
      { own: [allow], queues: [{ ...allow, Effect: 'Deny', Principal: { AWS: account } }] },
      'forbidden',
    ],
    [
      'the queue denies it, and the role allows it',
      { own: [allow], queues: [{ ...allow, Effect: 'Deny', Principal: { AWS: '*' } }] },
      'forbidden',
    ],
    [
      'the queue denies calls without TLS, which every call has on AWS',
      {
        own: [allow],
        queues: [{ ...allow, Effect: 'Deny', Principal: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
      },
      'allowed',
    ],
    ['the queue allows SNS only', { queues: [toSns] }, 'unmentioned'],
  ])("a function's call is decided by IAM's rules if %s", (_, given, outcome) => {
    expect(outcomeOf(given)).toBe(outcome);
  });
});

describe('the deliveries of SNS', () => {
  test.each<[string, Given, string]>([
    ['only a role allows it', { own: [allow] }, 'unmentioned'],
    ['the queue allows all topics', { queues: [toSns] }, 'allowed'],
    ['the queue allows this topic', { queues: [from(topic)] }, 'allowed'],
    [
      'the queue allows topics with a matching name',
      { queues: [from('arn:aws:sns:*:*:chang*', 'ArnLike')] },
      'allowed',
    ],
    ['the queue allows another topic', { queues: [from(`${topic}.fifo`)] }, 'unmentioned'],
    [
      'the queue allows the topics of this account',
      { queues: [{ ...toSns, Condition: { StringEquals: { 'aws:SourceAccount': [account, '1'] } } }] },
      'allowed',
    ],
    [
      'the queue has two conditions and one does not hold',
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
    ['the queue allows all topics except another one', { queues: [from(`${topic}2`, 'ArnNotEquals')] }, 'allowed'],
    [
      'the queue allows another service',
      { queues: [{ ...toSns, Principal: { Service: 's3.amazonaws.com' } }] },
      'unmentioned',
    ],
  ])("a delivery of SNS is decided by IAM's rules if %s", (_, given, outcome) => {
    expect(outcomeOf(given, { caller: sns })).toBe(outcome);
  });

  test('a condition on item keys holds for matching items and for calls that put no item', () => {
    const Condition = { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['#one', '#other'] } };
    const mayPut = { own: [{ ...allow, Action: 'dynamodb:PutItem', Condition }] };
    const outcomes = ['#one', '#other', '#third', undefined].map((leadingKey) =>
      outcomeOf(mayPut, { action: 'dynamodb:PutItem', leadingKey }),
    );
    expect(outcomes).toEqual(['allowed', 'allowed', 'unmentioned', 'allowed']);
  });

  test('a condition on a key that a call does not have does not hold, and its negation holds', () => {
    const condition = (operator: string) => ({
      queues: [{ ...allow, Principal: '*', Condition: { [operator]: { 'aws:SourceArn': topic } } }],
    });
    expect(outcomeOf(condition('ArnEquals'))).toBe('unmentioned');
    expect(outcomeOf(condition('ArnNotEquals'))).toBe('allowed');
  });
});

describe('the calls of anonymous callers', () => {
  const toAll = { ...allow, Principal: '*' };
  const ifNone = { ...toAll, Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } } };
  const viaUrl = { ...toAll, Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': true } } };
  test.each<[string, Given, Call['context'], string]>([
    ['no policy mentions it', {}, undefined, 'unmentioned'],
    ['only a role allows it', { own: [allow] }, undefined, 'unmentioned'],
    ['the queue allows everybody', { queues: [toAll] }, undefined, 'allowed'],
    ['the queue allows the account', { queues: [{ ...allow, Principal: { AWS: account } }] }, undefined, 'unmentioned'],
    [
      'the queue allows URLs without a signature, and the call uses one',
      { queues: [ifNone] },
      { 'lambda:FunctionUrlAuthType': 'NONE' },
      'allowed',
    ],
    [
      'the queue allows URLs without a signature, and the call uses a signed one',
      { queues: [ifNone] },
      { 'lambda:FunctionUrlAuthType': 'AWS_IAM' },
      'unmentioned',
    ],
    [
      'the queue allows calls by a URL, and the call uses one',
      { queues: [viaUrl] },
      { 'lambda:InvokedViaFunctionUrl': 'true' },
      'allowed',
    ],
    ['the queue allows calls by a URL, and the call uses none', { queues: [viaUrl] }, undefined, 'unmentioned'],
    [
      'the queue both allows and denies everybody',
      { queues: [toAll, { ...toAll, Effect: 'Deny' }] },
      undefined,
      'forbidden',
    ],
  ])("an anonymous call is decided by IAM's rules if %s", (_, given, context, outcome) => {
    const call = { caller: { kind: 'anonymous' }, ...(context && { context }) } as const;
    expect(outcomeOf(given, call)).toBe(outcome);
  });
});

describe('policies that the local cloud cannot read', () => {
  const conditions = (Condition: object) => ({ ...allow, Condition });
  const unread: readonly [object, string][] = [
    [
      conditions({ NumericLessThanEquals: { 'sns:MessageAge': 1 } }),
      'the condition operator NumericLessThanEquals is not emulated',
    ],
    [
      conditions({ StringEquals: { 'aws:ResourceTag/team': 'x' } }),
      'the condition key aws:ResourceTag/team is not emulated',
    ],
    [
      conditions({ StringEquals: { 'aws:PrincipalOrgID': 'o' } }),
      'the condition key aws:PrincipalOrgID is not emulated',
    ],
    [conditions({ StringEquals: { 'aws:SourceArn': { Ref: 'X' } } }), 'Condition.StringEquals.aws:SourceArn is {"Ref"'],
    [{ ...allow, Resource: `arn:aws:sqs:*:*:${'$'}{aws:PrincipalTag/team}` }, 'policy variables are not emulated'],
    [{ ...allow, NotPrincipal: { AWS: 'x' } }, 'NotPrincipal is not a known name here'],
  ];

  test.each(
    unread,
  )('the statement %j grants nothing if it allows, and is named with the reason', (statement, reason) => {
    const policy = readPolicy({ Statement: [allow, statement] }, 'Stack/Policy');
    expect(policy.statements.map(({ source }) => source)).toEqual(['Stack/Policy/0']);
    expect(policy.leftOut).toEqual([expect.stringContaining('Allow sqs:SendMessage grants nothing locally: ')]);
    expect(policy.leftOut[0]).toContain(reason);
    expect(outcomeOf({ own: [statement] })).toBe('unmentioned');
  });

  test.each(unread)('the statement %j forbids nothing if it denies, and is named with the reason', (given, reason) => {
    const statement = { ...given, Effect: 'Deny' };
    const { leftOut } = readPolicy({ Statement: statement }, 'Stack/Policy');
    expect(leftOut).toEqual([expect.stringContaining('Deny sqs:SendMessage forbids nothing locally: ')]);
    expect(leftOut[0]).toContain(reason);
    expect(outcomeOf({ own: [allow, statement] })).toBe('allowed');
  });

  test('a statement for identity providers is neither read nor named, because no local caller has such an identity', () => {
    const Condition = { StringEquals: { 'token.actions.githubusercontent.com:sub': 'repo:x' } };
    const Statement = { ...allow, Principal: { Federated: 'arn:aws:iam::1:oidc-provider/x' }, Condition };
    expect(readPolicy({ Statement }, 'Stack/Role')).toEqual({ statements: [], leftOut: [] });
  });

  test.each([
    [{ Effect: 'Allow', Resource: '*' }, 'a statement needs Action or NotAction'],
    [{ ...allow, Effect: 'allow' }, 'Effect is "allow". Allowed: Allow, Deny'],
  ])('a policy with the statement %j, which IAM refuses, is refused by name', (statement, message) => {
    expect(() => readPolicy({ Statement: statement }, 'Stack/Policy')).toThrow(message);
    expect(() => readPolicy({ Statement: statement }, 'Stack/Policy')).toThrow('Stack/Policy/0');
  });
});

describe('a denial', () => {
  const decision = (own: object[]) => {
    const policies = {
      ofRoles: new Map([[roleArn, readPolicy({ Statement: own }, 'Stack/Own').statements]]),
      ofResources: new Map(),
    };
    const decided = decide(policies, { caller: relay, ...send });
    if (decided.outcome === 'allowed') throw new Error('allowed');
    return denialOf({ caller: relay, ...send }, decided);
  };

  test("a denial has AWS's message with caller, action and resource, and the statement that would allow the call", () => {
    const { message, statement } = decision([]);
    expect(message).toBe(
      `User: arn:aws:sts::${account}:assumed-role/relay-role/relay is not authorized to perform: sqs:SendMessage on resource: ${queue} ` +
        'because no identity-based policy allows the sqs:SendMessage action\n' +
        `Would be allowed by: {"Effect":"Allow","Action":"sqs:SendMessage","Resource":"${queue}"}`,
    );
    expect(statement).toEqual(allow);
    const allowed = {
      ofRoles: new Map([[roleArn, readPolicy({ Statement: statement }, 'Own').statements]]),
      ofResources: new Map(),
    };
    expect(decide(allowed, { caller: relay, ...send }).outcome).toBe('allowed');
  });

  test('a denial names the statement that denies the call, and its source', () => {
    const { message, statement } = decision([allow, { ...allow, Effect: 'Deny' }]);
    expect(message).toContain(
      'with an explicit deny in an identity-based policy\nDenied by Stack/Own/1: {"Effect":"Deny"',
    );
    expect(statement).toEqual({ ...allow, Effect: 'Deny' });
  });

  test("a denial of a service's call names the statement for the resource's policy", () => {
    const { statement } = denialOf({ caller: sns, ...send }, { outcome: 'unmentioned' });
    expect(outcomeOf({ queues: [statement] }, { caller: sns })).toBe('allowed');
  });
});
