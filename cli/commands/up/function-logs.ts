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

/** The fields that Powertools adds to each line. */
const ADDED = /^(?:level|message|timestamp|service|cold_start|function_\w+|sampling_rate|xray_trace_id|_aws)$/;

const structured = z.catchall(z.object({ level: z.string(), message: z.string() }), z.unknown());
const metrics = z.object({ _aws: z.unknown() });
const invokeError = z.object({ errorType: z.string(), errorMessage: z.string() });

/** A line of a function's log. */
export interface LogLine {
  readonly isError: boolean;
  readonly text: string;
}

/** What Lambda puts before a line on AWS: the time and the id of the request. */
const PREFIX = /^\d{4}-\d\d-\d\dT[\d:.]+Z\t[\da-f-]{36}\t/;

/** The lines that Lambda itself logs for each invocation on AWS. */
const PLATFORM = /^(?:START|END|REPORT|INIT_START|EXTENSION|XRAY)\b/;

/**
 * Reads a line of a function's log. Returns undefined for a line of metrics, which other commands show, and for a line
 * that says that an invocation started or ended.
 */
export function readLogLine(given: string): LogLine | undefined {
  if (PLATFORM.test(given)) return undefined;
  const line = given.replace(PREFIX, '');
  const [level, kind = '', ...rest] = line.split('\t');
  if (level === 'ERROR' && /^(?:Invoke Error|Uncaught Exception) ?$/.test(kind)) {
    const failed = invokeError.safeParse(parsed(rest.join('\t'))).data;
    return { isError: true, text: failed === undefined ? line : `${failed.errorType}: ${failed.errorMessage}` };
  }
  const value = parsed(line);
  if (metrics.safeParse(value).success) return undefined;
  const entry = structured.safeParse(value).data;
  if (entry === undefined) return { isError: /^(?:ERROR\b|.*Task timed out after |Runtime)/.test(line), text: line };
  const fields = Object.entries(entry).flatMap(([name, field]) =>
    ADDED.test(name) ? [] : [`${name}=${typeof field === 'string' ? field : JSON.stringify(field)}`],
  );
  return {
    isError: /^(?:ERROR|CRITICAL)$/.test(entry.level),
    text: [entry.level, entry.message, ...fields].join(' '),
  };
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
    const printed = `${functionName}: ${entry.text.replaceAll('\n', '\n    ')}`;
    if (isFollowed(functionName)) return print(`  ${entry.isError ? '!' : '·'} ${printed}`);
    if (!entry.isError || now() - (printedAtMs.get(printed) ?? Number.NEGATIVE_INFINITY) < REPEATED_MS) return;
    printedAtMs.set(printed, now());
    print(`  ! ${printed}`);
  };
}
