/** The key of a parked event: its message group and its sequence number there. */
export interface ParkedKey {
  readonly groupId: string;
  readonly sequenceNumber: string;
}

/** The key of a parked event, taken from its message. */
export function parkedKey({ groupId, sequenceNumber }: ParkedKey): ParkedKey {
  return { groupId, sequenceNumber };
}

/** A key as text: `GROUP/SEQUENCE`. A sequence number has no slash, so the last slash separates the two. */
export function parkedKeyText({ groupId, sequenceNumber }: ParkedKey): string {
  return `${groupId}/${sequenceNumber}`;
}

/** Reads the text of a key; undefined for any other text. */
export function parseParkedKey(text: string): ParkedKey | undefined {
  const slash = text.lastIndexOf('/');
  const groupId = text.slice(0, Math.max(slash, 0));
  const sequenceNumber = text.slice(slash + 1);
  return groupId === '' || sequenceNumber === '' ? undefined : { groupId, sequenceNumber };
}

/** Whether two keys are equal. */
export function isSameKey(one: ParkedKey, other: ParkedKey): boolean {
  return one.groupId === other.groupId && one.sequenceNumber === other.sequenceNumber;
}

/** Sorts keys by message group, and within a group by sequence number. */
export function byParkedKey(one: ParkedKey, other: ParkedKey): number {
  if (one.groupId !== other.groupId) return one.groupId < other.groupId ? -1 : 1;
  if (one.sequenceNumber === other.sequenceNumber) return 0;
  return one.sequenceNumber < other.sequenceNumber ? -1 : 1;
}
