import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Note, NoteStore } from '../../core/repair/note.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE, type Item } from '../aws/items.ts';
import type { CacheTable } from '../read/table.ts';

/** What is noted about a type, or about an owner (`survey`, `vouch`). The names are those of the items' attributes. */
export type NoteKind = 'readiness' | 'inventory' | 'survey' | 'vouch';

/** Key of a note. It is outside the type's partitions, so that no list reads it. */
export function noteKey(kind: NoteKind, type: string): Item {
  return { [ATTRIBUTE.partition]: { S: `${type}#${kind}` }, [ATTRIBUTE.id]: { S: kind } };
}

/** Reads a note's JSON; undefined if there is none. */
export function noteOf(kind: NoteKind, item: Item | undefined): unknown {
  const json = item?.[kind]?.S;
  return json === undefined ? undefined : JSON.parse(json);
}

/** Opens the notes of one kind in a cache's table. */
export function createNotes<N extends Note>(
  { client, tableName }: CacheTable,
  kind: NoteKind,
  parse: (value: unknown) => N | undefined,
): NoteStore<N> {
  /** The notes that can't be read, such as those of a later release: type to `seq`. They are replaced. */
  const unreadable = new Map<string, string>();
  return {
    async read(type) {
      const get = new GetItemCommand({ TableName: tableName, Key: noteKey(kind, type), ConsistentRead: true });
      const { Item } = await client.send(get);
      const note = parse(noteOf(kind, Item));
      if (note === undefined && Item?.seq?.N !== undefined) unreadable.set(type, Item.seq.N);
      else unreadable.delete(type);
      return note;
    },
    async write(type, note) {
      const before = note.seq > 1 ? String(note.seq - 1) : unreadable.get(type);
      const put = new PutItemCommand({
        TableName: tableName,
        Item: { ...noteKey(kind, type), [kind]: { S: JSON.stringify(note) }, seq: { N: String(note.seq) } },
        ConditionExpression: before === undefined ? 'attribute_not_exists(#seq)' : '#seq = :before',
        ExpressionAttributeNames: { '#seq': 'seq' },
        ...(before !== undefined && { ExpressionAttributeValues: { ':before': { N: before } } }),
      });
      return (await isTaken(client.send(put))) ? 'stored' : 'changed';
    },
  };
}
