import { describe, expect, test } from 'vitest';
import { createLogPrinter, indentedText, readLogLine } from '../../../../cli/commands/up/function-logs.ts';

const THROWN = `ERROR\tInvoke Error\t${JSON.stringify({ errorType: 'TypeError', errorMessage: 'x is not a function', stack: [] })}`;
const INFO = JSON.stringify({
  level: 'INFO',
  message: 'sold',
  timestamp: '2026-11-30',
  service: 'shop',
  orderId: 'o1',
  n: 2,
});
const FAILED = JSON.stringify({
  level: 'ERROR',
  message: 'effect failed',
  function_name: 'Printer',
  reason: 'no paper',
});
const METRICS = JSON.stringify({ _aws: { Timestamp: 1 }, applied: 3 });

describe('a line of a function', () => {
  test.each([
    ['an error that the handler threw', THROWN, { isError: true, text: 'TypeError: x is not a function' }],
    [
      'an error that nothing caught',
      THROWN.replace('Invoke Error', 'Uncaught Exception'),
      { isError: true, text: 'TypeError: x is not a function' },
    ],
    [
      'the end of a process',
      'Runtime.ExitError: Runtime exited',
      { isError: true, text: 'Runtime.ExitError: Runtime exited' },
    ],
    ['a structured line, without what the logger adds', INFO, { isError: false, text: 'INFO sold orderId=o1 n=2' }],
    ['a structured error', FAILED, { isError: true, text: 'ERROR effect failed reason=no paper' }],
    [
      'a time-out',
      '1-2-3 Task timed out after 3.00 seconds',
      { isError: true, text: '1-2-3 Task timed out after 3.00 seconds' },
    ],
    ['text', 'hello', { isError: false, text: 'hello' }],
    ['JSON without a level', '{"a":1}', { isError: false, text: '{"a":1}' }],
    ['a line of metrics, which is left out', METRICS, undefined],
    [
      'an error on AWS, with the time and the request id',
      `2026-11-30T04:38:08.410Z\t8c2f8f1c-5d0e-4f0e-9a53-1d0a6b3c7d10\t${THROWN.replace('Error\t{', 'Error \t{')}`,
      { isError: true, text: 'TypeError: x is not a function' },
    ],
    ['the start of an invocation on AWS, which is left out', 'START RequestId: 8c2f8f1c Version: $LATEST', undefined],
    ['the report of an invocation on AWS, which is left out', 'REPORT RequestId: 8c2f8f1c\tDuration: 3 ms', undefined],
    ['a text that begins like a line of AWS', 'STARTED', { isError: false, text: 'STARTED' }],
    [
      'a text that begins with a word of AWS',
      'REPORT of the nightly import: 12 rows failed',
      { isError: false, text: 'REPORT of the nightly import: 12 rows failed' },
    ],
    [
      'an error on AWS without a request, which has no request id',
      `2026-11-30T04:38:08.410Z\tundefined\t${THROWN.replace('Invoke Error', 'Uncaught Exception ')}`,
      { isError: true, text: 'TypeError: x is not a function' },
    ],
    [
      'an error on AWS with a hyphen for the request id',
      `2026-11-30T04:38:08.410Z\t-\t${THROWN.replace('Error\t{', 'Error \t{')}`,
      { isError: true, text: 'TypeError: x is not a function' },
    ],
    [
      'the end of a process on AWS',
      'RequestId: 8c2f8f1c Error: Runtime exited with error: signal: killed\nRuntime.ExitError',
      {
        isError: true,
        text: 'RequestId: 8c2f8f1c Error: Runtime exited with error: signal: killed\nRuntime.ExitError',
      },
    ],
    [
      'an initialisation on AWS that failed',
      'INIT_REPORT Init Duration: 9999.92 ms\tPhase: init\tStatus: timeout',
      { isError: true, text: 'INIT_REPORT Init Duration: 9999.92 ms\tPhase: init\tStatus: timeout' },
    ],
    [
      'an initialisation on AWS that succeeded, which is left out',
      'INIT_REPORT Init Duration: 9.92 ms\tPhase: init',
      undefined,
    ],
    [
      'a line of Lambda as JSON, which is left out',
      '{"time":"2026-11-30T06:00:00Z","type":"platform.report","record":{"requestId":"x","status":"success"}}',
      undefined,
    ],
    [
      'an initialisation on AWS that failed, as JSON',
      '{"time":"2026-11-30T06:00:00Z","type":"platform.initReport","record":{"status":"timeout","errorType":"Sandbox.Timedout"}}',
      { isError: true, text: 'platform.initReport status=timeout errorType=Sandbox.Timedout' },
    ],
    [
      'an error on AWS as JSON',
      '{"timestamp":"2026-11-30T06:00:00Z","level":"ERROR","message":{"errorType":"TypeError","errorMessage":"boom"}}',
      { isError: true, text: 'ERROR TypeError: boom' },
    ],
    [
      'an error of winston',
      '{"level":"error","message":"no paper","timestamp":"2026-11-30","printer":"p1"}',
      { isError: true, text: 'error no paper printer=p1' },
    ],
    ['a warning of winston', '{"level":"warn","message":"low"}', { isError: false, text: 'warn low' }],
    ['an error by the levels of syslog', '{"level":"crit","message":"x"}', { isError: true, text: 'crit x' }],
    [
      'an error of pino',
      '{"level":50,"time":1764500000000,"pid":7,"hostname":"h","err":{"type":"TypeError"},"msg":"boom"}',
      { isError: true, text: 'ERROR boom err={"type":"TypeError"}' },
    ],
    [
      'a line of pino',
      '{"level":30,"time":1,"msg":"sold","orderId":"o1"}',
      { isError: false, text: 'INFO sold orderId=o1' },
    ],
    ['a level of pino between two names', '{"level":55,"msg":"x"}', { isError: true, text: 'ERROR x' }],
    ['a level of pino above all names', '{"level":999,"msg":"x"}', { isError: true, text: 'FATAL x' }],
    ['a level that is no level', '{"level":-1,"msg":"x"}', { isError: false, text: 'TRACE x' }],
  ])('%s is read', (_, line, expected) => {
    expect(readLogLine(line)).toEqual(expected);
  });
});

describe('the text of a line', () => {
  test.each([
    ['an escape sequence of a terminal', 'red \u001b[31m \u009b2J', 'red \\u001b[31m \\u009b2J'],
    ['a carriage return that would overwrite the line', 'a\rb', 'a\\u000db'],
    ['a text of several lines', 'a\nb\r\nc', 'a\n    b\n    c'],
    ['a text with tabs', 'a\tb', 'a\tb'],
  ])('%s is printed so that it can not control the terminal', (_, text, expected) => {
    expect(indentedText(text)).toBe(expected);
  });
});

describe('the log of up', () => {
  function printedBy(
    logs: true | string | undefined,
    lines: readonly (readonly [string, string, number?])[],
  ): string[] {
    const printed: string[] = [];
    let nowMs = 0;
    const print = createLogPrinter(
      { ...(logs !== undefined && { logs }) },
      (line) => printed.push(line),
      () => nowMs,
    );
    for (const [name, line, atMs = nowMs] of lines) {
      nowMs = atMs;
      print(name, line);
    }
    return printed;
  }

  test('only errors are printed by default, and one that comes again within ten seconds is printed once', () => {
    expect(
      printedBy(undefined, [
        ['Pages', INFO],
        ['Pages', THROWN],
        ['Pages', THROWN, 9_000],
        ['Pages', THROWN, 11_000],
      ]),
    ).toEqual(['  ! Pages: TypeError: x is not a function', '  ! Pages: TypeError: x is not a function']);
  });

  test('all lines of all functions are printed with --logs', () => {
    expect(
      printedBy(true, [
        ['Pages', INFO],
        ['Pages', METRICS],
        ['Printer', FAILED],
        ['Printer', FAILED],
      ]),
    ).toEqual([
      '  · Pages: INFO sold orderId=o1 n=2',
      '  ! Printer: ERROR effect failed reason=no paper',
      '  ! Printer: ERROR effect failed reason=no paper',
    ]);
  });

  test('a name selects the functions of which all lines are printed, and errors of others are still printed', () => {
    expect(
      printedBy('page', [
        ['Shop-Pages', 'hello'],
        ['Printer', 'hello'],
        ['Printer', THROWN],
      ]),
    ).toEqual(['  · Shop-Pages: hello', '  ! Printer: TypeError: x is not a function']);
  });

  test('control characters of a line are printed escaped', () => {
    expect(printedBy(true, [['Pages', '{"level":"INFO","message":"a\\u001b]0;hacked\\u0007\\rb"}']])).toEqual([
      '  · Pages: INFO a\\u001b]0;hacked\\u0007\\u000db',
    ]);
  });
});
