import type { EndedInvocation } from '../lambda/host.ts';
import type { ServedRequest } from './ledger.ts';

/** What CloudWatch adds to each line of a log (cloudwatch/latest/logs, PutLogEvents). */
const LINE_OVERHEAD_BYTES = 26;

/** The three lines that Lambda itself writes of each invocation (lambda/nodejs-logging). Nothing writes them here, so their size is this one. */
const PLATFORM_LINES = [
  'START RequestId: 79b4f56e-95b1-4643-9700-2807f4e68189 Version: $LATEST\n',
  'END RequestId: 79b4f56e-95b1-4643-9700-2807f4e68189\n',
  'REPORT RequestId: 79b4f56e-95b1-4643-9700-2807f4e68189\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\tMax Memory Used: 113 MB\t\n',
];
const PLATFORM_BYTES = PLATFORM_LINES.reduce((bytes, line) => bytes + line.length + LINE_OVERHEAD_BYTES, 0);

/** An invocation: the milliseconds that it took are rounded up, as on the bill; the loading of the bundle isn't in them. */
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

/** A line that a function has logged. */
export function logRequest(name: string, line: string): ServedRequest {
  const logBytes = Buffer.byteLength(line) + LINE_OVERHEAD_BYTES;
  return { service: 'CloudWatch', operation: 'log lines', caller: name, resource: name, billed: { logBytes } };
}
