import {
  DeleteFunctionConcurrencyCommand,
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListLayersCommand,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InvokeResult } from '../../../local/lambda/invoke-result.ts';
import { startWire, type Wire } from '../../../local/wire/server.ts';
import { virtualAccount } from '../fifo/virtual-account.ts';

let wire: Wire;
let client: LambdaClient;
let invoked: unknown[];
let later: unknown[];
let reserved: number | undefined;
let result: InvokeResult;

beforeEach(async () => {
  invoked = [];
  later = [];
  reserved = undefined;
  result = { ok: true, payload: { answer: 42 } };
  const state = { name: 'repair', arn: 'arn:aws:lambda:us-east-1:000000000000:function:repair' };
  const counts = { running: 0, invocations: 0, errors: 0, timeouts: 0, throttles: 0, coldStarts: 0 };
  wire = await startWire({
    messaging: virtualAccount().messaging,
    functions: () => ({
      functions: () => [{ ...state, ...counts, stopped: reserved === 0, reserved }],
      async invoke(_, event) {
        invoked.push(event);
        return result;
      },
      invokeLater(_, event) {
        later.push(event);
      },
      setReservedConcurrency(_, given) {
        reserved = given;
      },
      definition: () => {
        throw new Error('not called');
      },
      redeploy: () => undefined,
    }),
  });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new LambdaClient({ endpoint: wire.url, region: 'us-east-1', credentials, maxAttempts: 1 });
});
afterEach(async () => {
  client.destroy();
  await wire.close();
});

const invoke = (input: Partial<ConstructorParameters<typeof InvokeCommand>[0]> = {}) =>
  client.send(new InvokeCommand({ FunctionName: 'repair', ...input }));

const refusalOf = (request: Promise<unknown>) =>
  request.then(
    () => 'was not refused',
    (error: unknown) => error,
  );

describe('Invoke', () => {
  it.each([
    'repair',
    'repair:$LATEST',
    '000000000000:function:repair',
    'arn:aws:lambda:us-east-1:000000000000:function:repair',
  ])('Invoke finds a function as %s, passes the payload and returns the answer', async (FunctionName) => {
    const answer = await invoke({ FunctionName, Payload: Buffer.from('{"operation":"x"}') });
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(answer.FunctionError).toBeUndefined();
    expect(JSON.parse(answer.Payload?.transformToString() ?? '')).toEqual({ answer: 42 });
    expect(invoked).toEqual([{ operation: 'x' }]);
  });

  it('Invoke passes an empty object if there is no payload', async () => {
    await invoke();
    expect(invoked).toEqual([{}]);
  });

  it.each<[string, InvokeResult, object]>([
    [
      'an error that the function threw',
      { ok: false, error: 'Unhandled', message: 'TypeError: broken: twice' },
      { errorType: 'TypeError', errorMessage: 'broken: twice' },
    ],
    [
      'a timeout',
      { ok: false, error: 'TimedOut', message: 'Task timed out after 3.00 seconds' },
      { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 3.00 seconds' },
    ],
  ])('Invoke reports %s in an answer with status 200, as Lambda does', async (_, failure, expected) => {
    result = failure;
    const answer = await invoke();
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(JSON.parse(answer.Payload?.transformToString() ?? '')).toEqual(expected);
  });

  it('Invoke refuses an unknown function with ResourceNotFoundException', async () => {
    expect(await refusalOf(invoke({ FunctionName: 'none' }))).toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404 },
      message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:none',
    });
  });

  it('Invoke refuses a stopped function with TooManyRequestsException', async () => {
    result = { ok: false, error: 'Throttled', message: 'Rate Exceeded' };
    expect(await refusalOf(invoke())).toMatchObject({
      name: 'TooManyRequestsException',
      $metadata: { httpStatusCode: 429 },
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    });
  });

  it('Invoke refuses a payload that is not JSON and a payload over 6 MB', async () => {
    const broken = await refusalOf(invoke({ Payload: Buffer.from('{') }));
    expect(broken).toMatchObject({ name: 'InvalidRequestContentException', $metadata: { httpStatusCode: 400 } });
    const large = await refusalOf(invoke({ Payload: Buffer.alloc(6 * 1_048_576 + 1, ' ') }));
    expect(large).toMatchObject({ name: 'RequestTooLargeException', $metadata: { httpStatusCode: 413 } });
    expect(invoked).toEqual([]);
  });
});

describe('GetFunctionConcurrency', () => {
  const concurrencyOf = (FunctionName: string) => client.send(new GetFunctionConcurrencyCommand({ FunctionName }));

  it('GetFunctionConcurrency returns the reserved concurrency, and no value for a function without one', async () => {
    expect((await concurrencyOf('repair')).ReservedConcurrentExecutions).toBeUndefined();
    for (const each of [0, 5]) {
      reserved = each;
      expect((await concurrencyOf('repair')).ReservedConcurrentExecutions).toBe(each);
    }
  });

  it('GetFunctionConcurrency refuses an unknown function', async () => {
    expect(await refusalOf(concurrencyOf('another'))).toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('PutFunctionConcurrency and DeleteFunctionConcurrency', () => {
  const put = (given: number, FunctionName = 'repair') =>
    client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: given }));
  const remove = (FunctionName = 'repair') => client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));

  it.each([0, 7])('PutFunctionConcurrency reserves a concurrency of %i and returns it', async (given) => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:repair';
    expect(await put(given, arn)).toMatchObject({
      $metadata: { httpStatusCode: 200 },
      ReservedConcurrentExecutions: given,
    });
    expect(reserved).toBe(given);
  });

  it('DeleteFunctionConcurrency removes the reserved concurrency with status 204, and may be repeated', async () => {
    await put(0);
    for (const _ of [1, 2]) expect((await remove()).$metadata.httpStatusCode).toBe(204);
    expect(reserved).toBeUndefined();
  });

  it.each([-1, 1.5])('PutFunctionConcurrency refuses a concurrency of %d and changes nothing', async (given) => {
    reserved = 3;
    expect(await refusalOf(put(given))).toMatchObject({
      name: 'InvalidParameterValueException',
      $metadata: { httpStatusCode: 400 },
    });
    expect(reserved).toBe(3);
  });

  it('PutFunctionConcurrency and DeleteFunctionConcurrency refuse an unknown function', async () => {
    for (const request of [() => put(0, 'another'), () => remove('another')])
      expect(await refusalOf(request())).toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('ListFunctions', () => {
  it('ListFunctions returns the names and ARNs of all functions', async () => {
    const { Functions } = await client.send(new ListFunctionsCommand());
    expect(Functions).toEqual([
      { FunctionName: 'repair', FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:repair' },
    ]);
  });
});

describe('asynchronous Invoke', () => {
  it('the event is accepted at once, also for a stopped function, and the answer has no payload', async () => {
    reserved = 0;
    result = { ok: false, error: 'Throttled', message: 'Rate Exceeded' };
    const answer = await invoke({ InvocationType: 'Event', Payload: '{"n":1}' });
    expect([answer.StatusCode, answer.FunctionError, answer.Payload?.transformToString() ?? '']).toEqual([
      202,
      undefined,
      '',
    ]);
    expect([later, invoked]).toEqual([[{ n: 1 }], []]);
  });

  it('an event of more than 1 MB is refused', async () => {
    const refused = await refusalOf(
      invoke({ InvocationType: 'Event', Payload: JSON.stringify('x'.repeat(1_048_576)) }),
    );
    expect(refused).toMatchObject({ name: 'RequestTooLargeException', $metadata: { httpStatusCode: 413 } });
    expect(later).toEqual([]);
  });
});

describe('unsupported requests to Lambda', () => {
  it.each<[string, Partial<ConstructorParameters<typeof InvokeCommand>[0]>, string]>([
    ['DryRun', { InvocationType: 'DryRun' }, 'The invocation type DryRun is not emulated.'],
    ['live', { Qualifier: 'live' }, 'Versions and aliases are not emulated. Given: live.'],
  ])('Invoke refuses the invocation type or qualifier %s, and no function runs', async (_, input, message) => {
    const refused = await refusalOf(invoke(input));
    expect(refused).toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringContaining(message),
    });
    expect(invoked).toEqual([]);
  });

  it('Invoke refuses a function name that cannot be decoded', async () => {
    const path = `${wire.url}/2015-03-31/functions/%E0%A4%A/invocations`;
    const answer = await fetch(path, { method: 'POST' });
    expect(answer.status).toBe(404);
  });

  it('every other operation of Lambda is refused', async () => {
    const refused = await refusalOf(client.send(new ListLayersCommand()));
    expect(refused).toMatchObject({ name: 'UnknownOperationException', $metadata: { httpStatusCode: 404 } });
  });
});
