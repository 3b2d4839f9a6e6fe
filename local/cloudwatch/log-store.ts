/** A line of a function's log. */
export interface LogEvent {
  /** Unique, and higher than those of all earlier lines. */
  readonly sequence: number;
  readonly timestampMs: number;
  readonly message: string;
}

/** The newest lines that each function logged. */
export interface LogStore {
  record(functionName: string, message: string): void;
  /** The lines of a function, the oldest first. */
  events(functionName: string): readonly LogEvent[];
}

/** The characters that are kept for each function: up to twice as many, because the oldest half is dropped at once. */
const MAX_CHARACTERS = 2_000_000;

interface Log {
  events: LogEvent[];
  characters: number;
}

/** @param now returns the current time in milliseconds */
export function createLogStore(now: () => number): LogStore {
  const logs = new Map<string, Log>();
  let sequence = 0;
  return {
    record(functionName, message) {
      const log = logs.get(functionName) ?? { events: [], characters: 0 };
      logs.set(functionName, log);
      sequence += 1;
      log.events.push({ sequence, timestampMs: now(), message });
      log.characters += message.length;
      if (log.characters > 2 * MAX_CHARACTERS) dropOldest(log);
    },
    events: (functionName) => logs.get(functionName)?.events ?? [],
  };
}

function dropOldest(log: Log): void {
  let from = 0;
  while (log.characters > MAX_CHARACTERS) {
    log.characters -= log.events[from]?.message.length ?? 0;
    from += 1;
  }
  log.events = log.events.slice(from);
}
