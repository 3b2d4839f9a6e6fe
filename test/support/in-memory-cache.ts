import { messageGroupId } from '../../core/entity.ts';
import type { CachedItem, ProjectPorts, ReceivedMessage, WriteResult } from '../../core/project.ts';

/** Decides whether an item replaces what is stored. */
export type WriteCondition = (item: CachedItem, stored: CachedItem) => boolean;

/** The cache table's condition: newer, or the same version and state with an older selection of fields. */
export const ifNewer: WriteCondition = (item, stored) =>
  item.version > stored.version ||
  (item.version === stored.version && item.digest === stored.digest && item.fieldsRevision > stored.fieldsRevision);

/** The projector's ports over a map; it keeps what was asked of them, and `fail` makes any of them throw. */
export function inMemoryCache({
  condition = ifNewer,
  fail = () => false,
  unstorable = () => false,
}: {
  readonly condition?: WriteCondition;
  /** Whether a call fails: `write` and `park` with the entity's group, `postpone` with the group of its messages. */
  readonly fail?: (port: keyof ProjectPorts, groupId: string) => boolean;
  readonly unstorable?: (item: CachedItem) => boolean;
} = {}) {
  const stored = new Map<string, CachedItem>();
  const writes: CachedItem[] = [];
  const parked: { message: ReceivedMessage; reason: string; explanation: string }[] = [];
  const postponed: { messages: readonly ReceivedMessage[]; seconds: number }[] = [];
  const failing = (port: keyof ProjectPorts, groupId: string): void => {
    if (fail(port, groupId)) throw new Error(`${port} is broken`);
  };
  const ports: ProjectPorts = {
    async write(item): Promise<WriteResult> {
      const groupId = messageGroupId(item.entity);
      failing('write', groupId);
      writes.push(item);
      if (unstorable(item)) return { kind: 'unstorable', message: 'too large for the table' };
      const existing = stored.get(groupId);
      if (existing !== undefined && !condition(item, existing)) return { kind: 'refused', stored: existing };
      stored.set(groupId, item);
      return { kind: 'stored' };
    },
    async park(message, reason, explanation) {
      failing('park', message.groupId);
      parked.push({ message, reason, explanation });
    },
    async postpone(messages, seconds) {
      failing('postpone', messages[0]?.groupId ?? '');
      postponed.push({ messages, seconds });
    },
  };
  return { ports, stored, writes, parked, postponed };
}
