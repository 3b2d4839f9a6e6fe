import { pause } from '../interrupt.ts';
import type { Work } from '../work.ts';

/** How a run is followed. */
interface Following<N> {
  /** Reads the note of the run. */
  readonly read: () => Promise<N | undefined>;
  /** Whether the run has ended, or another run has taken its place. */
  readonly isDone: (note: N) => boolean;
  /** Called with each new state of the note. */
  readonly onProgress: (note: N) => void;
}

/** Time between two looks at a run. A look on AWS costs a read. */
const LOOK_MS = { local: 100, aws: 1_000 } as const;

/** How long a run may stand still. A page that was lost is asked for again after five minutes. */
const PATIENCE_MS = { local: 180_000, aws: 600_000 } as const;

/**
 * Follows work that runs in the deployment until it ends, stands still for long, or Ctrl-C is pressed. Returns the last
 * note, and whether the work has ended.
 */
export async function followRun<N extends { readonly seq: number }>(
  { deployment, signal }: Work,
  { read, isDone, onProgress }: Following<N>,
): Promise<{ readonly note: N | undefined; readonly isDone: boolean }> {
  const place = deployment.isLocal ? 'local' : 'aws';
  let last: N | undefined;
  let movedAt = Date.now();
  while (!signal.aborted) {
    const note = await read();
    if (note !== undefined && note.seq !== last?.seq) {
      movedAt = Date.now();
      onProgress(note);
    }
    last = note;
    if (note !== undefined && isDone(note)) return { note, isDone: true };
    if (Date.now() - movedAt > PATIENCE_MS[place]) break;
    await pause(LOOK_MS[place], signal);
  }
  return { note: last, isDone: false };
}

/** Prints that the work goes on in the deployment without the command. @param again the command that follows it */
export function goesOn({ io, deployment }: Work, again: string): void {
  io.stderr.write(`the work goes on in ${deployment.place}; to follow it: ${again}\n`);
}
