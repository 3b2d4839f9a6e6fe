import type { EndedInvocation } from '../lambda/function-pool.ts';
import type { ServedRequest } from './ledger.ts';

/** The bytes that CloudWatch adds to each log line (cloudwatch/latest/logs, PutLogEvents). */
const LINE_OVERHEAD_BYTES = 26;

/**
 * The three lines that Lambda writes for each invocation (lam/nodejs-logging). They aren't written locally, only
 * counted.
 */
const PLATFORM_LINES = [
  'START RequestId: 79b4f56e-95b1-4643-9700-2807f4e68189 Version: $LATEST\n',
  'END RequestId: 79b4f56e-95b1-4643-9700-2807f4e68189\n',
  'REPORT RequestId: 79b4f56e-95b1-4643-9700-2807f4e68189\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\tMax Memory Used: 113 MB\t\n',
];
const PLATFORM_BYTES = PLATFORM_LINES.reduce((bytes, line) => bytes + line.length + LINE_OVERHEAD_BYTES, 0);

/**
 * The requests of an invocation. As on the bill, the duration is rounded up to milliseconds. Loading the bundle isn't
 * included.
 */
export function invocationRequests(name: string, { durationMs, memoryMb }: EndedInvocation): ServedRequest[] {
  const gbSeconds = (Math.ceil(durationMs) / 1000) * (memoryMb / 1024);
  const platform = {
    service: 'CloudWatch',
    caller: 'lambda',
    resource: name,
    billed: { logBytes: PLATFORM_BYTES },
  } as const;
  return [
    { service: 'Lambda', operation: 'Invoke', caller: 'lambda', resource: name, billed: { invocations: 1, gbSeconds } },
    { ...platform, operation: 'START, END, REPORT' },
  ];
}

/** The request for a line that a function logged. */
export function logRequest(name: string, line: string): ServedRequest {
  const logBytes = Buffer.byteLength(line) + LINE_OVERHEAD_BYTES;
  return { service: 'CloudWatch', operation: 'log lines', caller: name, resource: name, billed: { logBytes } };
}
