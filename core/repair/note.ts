/** A stored note about the work on a type. Each write raises `seq` by one, so that concurrent writes are detected. */
export interface Note {
  readonly seq: number;
}

/** Notes of one kind, one for each type. */
export interface NoteStore<N extends Note> {
  /** The note of a type, read consistently; undefined if there is none. */
  read(type: string): Promise<N | undefined>;
  /**
   * Stores a note whose `seq` is one above the stored note's, or 1 if there is none. `changed`: another note was stored
   * meanwhile, and nothing was done.
   */
  write(type: string, note: N): Promise<'stored' | 'changed'>;
}

/** Most attempts to write a note that others change at the same time. */
const MAX_ATTEMPTS = 20;

/**
 * Changes a note, on top of what others change at the same time. Returns the note that was stored; undefined if
 * `change` returned undefined, which leaves the note as it is.
 *
 * @throws Error if others change the note again and again
 */
export async function changeNote<N extends Note>(
  notes: NoteStore<N>,
  type: string,
  change: (note: N | undefined) => Omit<N, 'seq'> | undefined,
): Promise<N | undefined> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const before = await notes.read(type);
    const changed = change(before);
    if (changed === undefined) return undefined;
    const after = { ...changed, seq: (before?.seq ?? 0) + 1 } as N;
    if ((await notes.write(type, after)) === 'stored') return after;
  }
  throw new Error(`the note of ${type} keeps changing`);
}
