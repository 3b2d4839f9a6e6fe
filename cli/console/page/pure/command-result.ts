/** The version that an entity has after `put` or `delete`, as the command printed it; undefined if it printed none. */
export function writtenVersion(result: unknown): number | undefined {
  const { version } = fieldsOf(result);
  return typeof version === 'number' && Number.isSafeInteger(version) && version > 0 ? version : undefined;
}

const WRITES: ReadonlyMap<unknown, string> = new Map([
  ['created', 'created'],
  ['changed', 'changed'],
  ['deleted', 'deleted'],
  ['unchanged', 'nothing changed'],
]);

/** The outcome of `put`, `delete` or `release` in words; undefined for the result of another command. */
export function resultWords(result: unknown): string | undefined {
  const { outcome, status, reason } = fieldsOf(result);
  if (outcome === 'unknown') return 'the entity has never existed';
  if (status === 'released') return 'released';
  if (status === 'not-stopped') return 'the entity was not stopped';
  if (status === 'still-stopped') return `still stopped${typeof reason === 'string' ? `: ${reason}` : ''}`;
  const [written, version] = [WRITES.get(outcome), writtenVersion(result)];
  return written === undefined || version === undefined ? undefined : `${written}, version ${version}`;
}

/** Whether `release` released the entity. */
export function isReleased(result: unknown): boolean {
  return fieldsOf(result).status === 'released';
}

function fieldsOf(result: unknown): Readonly<Record<string, unknown>> {
  return typeof result === 'object' && result !== null ? { ...result } : {};
}
