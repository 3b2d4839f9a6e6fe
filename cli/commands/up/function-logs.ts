import { printable } from 'freshet-aws/internal/core/entity';
import * as z from 'zod/mini';

/** Which lines of the functions' logs are printed. */
export interface LogOptions {
  /**
   * `true` prints all lines of all functions. A text prints all lines of the functions whose names contain the text,
   * ignoring case.
   * @default - only the errors of all functions
   */
  readonly logs?: true | string;
}

/** How long a repeated error isn't printed again. */
const REPEATED_MS = 10_000;

/** The fields that Powertools and winston add to each line. */
const ADDED = /^(?:level|message|timestamp|service|cold_start|function_\w+|sampling_rate|xray_trace_id|_aws)$/;

/** The fields that pino and bunyan add to each line. */
const ADDED_WITH_NUMBER = /^(?:level|msg|time|pid|hostname|name|v)$/;

/** The levels of pino and bunyan. */
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const PER_LEVEL = 10;

const ERROR_LEVEL = /^(?:err|error|crit|critical|alert|emerg|emergency|fatal|panic)$/i;

const invokeError = z.object({ errorType: z.string(), errorMessage: z.string() });
const structured = z.catchall(
  z.object({ level: z.string(), message: z.union([z.string(), invokeError]) }),
  z.unknown(),
);
const numbered = z.catchall(z.object({ level: z.number(), msg: z.string() }), z.unknown());
const metrics = z.object({ _aws: z.unknown() });

/** A line that Lambda itself logs in a function with JSON logs (lam/telemetry-schema-reference). */
const platformEvent = z.object({
  type: z.string().check(z.startsWith('platform.')),
  record: z.optional(z.object({ status: z.optional(z.string()), errorType: z.optional(z.string()) })),
});

/** A line of a function's log. */
export interface LogLine {
  readonly isError: boolean;
  readonly text: string;
}

/** What Lambda puts before a line on AWS: the time and the request id, which is missing outside a request. */
const PREFIX = /^\S+Z\t(?:[\da-f-]{36}|undefined|-)\t/;

/** The lines that Lambda itself logs for each invocation on AWS, and for what it starts before. */
const PLATFORM =
  /^(?:(?:START|END|REPORT) RequestId:|INIT_START Runtime Version:|(?:EXTENSION|TELEMETRY)\tName:|XRAY TraceId:)/;

/** The line of an initialisation that succeeded. */
const INITIALISED = /^INIT_REPORT (?!.*\tStatus: (?:error|timeout))/;

/** Lines of Lambda itself that report an error, and lines of `console.error`. */
const ERROR = /^(?:ERROR\b|FATAL\t|.*Task timed out after |Runtime\.|RequestId: \S+ Error: |INIT_REPORT )/;

/**
 * Reads a line of a function's log. Returns undefined for a line of metrics, which other commands show, and for a line
 * that says that an invocation started or ended.
 */
export function readLogLine(given: string): LogLine | undefined {
  if (PLATFORM.test(given) || INITIALISED.test(given)) return undefined;
  const line = given.replace(PREFIX, '');
  const [level, kind = '', ...rest] = line.split('\t');
  if (level === 'ERROR' && /^(?:Invoke Error|Uncaught Exception) ?$/.test(kind)) {
    const failed = invokeError.safeParse(parsed(rest.join('\t'))).data;
    return { isError: true, text: failed === undefined ? line : textOfError(failed) };
  }
  const value = parsed(line);
  if (metrics.safeParse(value).success) return undefined;
  const event = platformEvent.safeParse(value).data;
  if (event !== undefined) return failureOf(event);
  const entry = structured.safeParse(value).data;
  if (entry !== undefined) {
    const { level, message } = entry;
    return lineOf(level, typeof message === 'string' ? message : textOfError(message), entry, ADDED);
  }
  const byNumber = numbered.safeParse(value).data;
  if (byNumber !== undefined) return lineOf(levelOf(byNumber.level), byNumber.msg, byNumber, ADDED_WITH_NUMBER);
  return { isError: ERROR.test(line), text: line };
}

function lineOf(level: string, message: string, entry: Readonly<Record<string, unknown>>, added: RegExp): LogLine {
  return { isError: ERROR_LEVEL.test(level), text: [level, message, ...fieldsOf(entry, added)].join(' ') };
}

/** The name of a level, which may lie between two named ones. */
function levelOf(level: number): string {
  return LEVELS[Math.min(Math.max(Math.floor(level / PER_LEVEL), 1), LEVELS.length) - 1] ?? String(level);
}

function textOfError({ errorType, errorMessage }: z.infer<typeof invokeError>): string {
  return `${errorType}: ${errorMessage}`;
}

/** With JSON logs, Lambda reports a time-out or a failed initialisation only in an event of its own. */
function failureOf({ type, record: { status = '', errorType } = {} }: z.infer<typeof platformEvent>) {
  if (!/^platform\.(?:initReport (?:error|timeout)|report timeout)$/.test(`${type} ${status}`)) return undefined;
  return { isError: true, text: `${type} status=${status}${errorType === undefined ? '' : ` errorType=${errorType}`}` };
}

function fieldsOf(entry: Readonly<Record<string, unknown>>, added: RegExp): string[] {
  return Object.entries(entry).flatMap(([name, field]) =>
    added.test(name) ? [] : [`${name}=${typeof field === 'string' ? field : JSON.stringify(field)}`],
  );
}

/** Returns a text with its further lines indented, and without characters that control a terminal. */
export function indentedText(text: string): string {
  const lines = text.split(/\r?\n/).map((line) => line.split('\t').map(printable).join('\t'));
  return lines.join('\n    ');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Creates a function that prints lines of the functions' logs. It receives each line as soon as it is logged.
 *
 * @param print prints one line
 * @param now returns the current time in milliseconds
 */
export function createLogPrinter(
  { logs }: LogOptions,
  print: (line: string) => void,
  now: () => number = Date.now,
): (functionName: string, line: string) => void {
  const printedAtMs = new Map<string, number>();
  const isFollowed = (name: string) =>
    logs === true || (logs !== undefined && name.toLowerCase().includes(logs.toLowerCase()));
  return (functionName, line) => {
    const entry = readLogLine(line);
    if (entry === undefined) return;
    const printed = `${functionName}: ${indentedText(entry.text)}`;
    if (isFollowed(functionName)) return print(`  ${entry.isError ? '!' : '·'} ${printed}`);
    if (!entry.isError || now() - (printedAtMs.get(printed) ?? Number.NEGATIVE_INFINITY) < REPEATED_MS) return;
    printedAtMs.set(printed, now());
    print(`  ! ${printed}`);
  };
}
