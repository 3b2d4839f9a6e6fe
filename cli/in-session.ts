import { setTimeout as timeout } from 'node:timers/promises';
import { EXIT } from './errors.ts';
import { connect, type Session } from './session.ts';

/** Does a command's work against what is deployed and returns its exit code; Ctrl-C ends the process. */
export async function withSession(work: (session: Session) => Promise<number>): Promise<number> {
  const session = await connect();
  try {
    return await work(session);
  } finally {
    session.close();
  }
}

/** Like `withSession`, for work that Ctrl-C ends as `interruptible` has it. */
export async function inSession(work: (session: Session, signal: AbortSignal) => Promise<number>): Promise<number> {
  return withSession((session) => interruptible((signal) => work(session, signal)));
}

/**
 * Does work that Ctrl-C ends. The first one aborts the signal: the work ends what is under way and says how far it came; the second ends the
 * process.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  try {
    return await work(stop.signal);
  } finally {
    process.off('SIGINT', onSignal);
  }
}

/** Waits, but no longer than until the signal. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await timeout(milliseconds, undefined, { signal }).catch(() => undefined);
}

/** Says what a person can do about an interruption; returns its exit code. */
export function interrupted(): number {
  process.stderr.write('interrupted; run it again to go on\n');
  return EXIT.interrupted;
}
