import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { parseVouchNote, type VouchNote } from '../../core/adopt/vouch.ts';
import type { NoteStore } from '../../core/repair/note.ts';
import { createNotes } from '../repair/notes.ts';

/** Opens the note of up to when the copies of an existing table are complete, in the owner's flow table. */
export function createVouchNotes(client: DynamoDBClient, flowTable: string): NoteStore<VouchNote> {
  return createNotes({ client, tableName: flowTable }, 'vouch', parseVouchNote);
}
