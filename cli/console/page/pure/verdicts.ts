import type { CachedCopyDocument } from '../../api/documents.ts';

/** How a verdict is shown: its words and whether it is good, on the way, or wrong. */
export interface VerdictView {
  readonly words: string;
  readonly tone: 'good' | 'water' | 'calm' | 'warn' | 'bad';
  readonly icon: 'fine' | 'flow' | 'late' | 'wrong' | 'held' | 'parked' | 'stopped' | 'unread' | 'dead';
}

const VIEWS: Readonly<Record<CachedCopyDocument['verdict'], VerdictView>> = {
  current: { words: 'current', tone: 'good', icon: 'fine' },
  deleted: { words: 'deleted', tone: 'good', icon: 'fine' },
  'not-kept': { words: 'not kept', tone: 'calm', icon: 'unread' },
  'owner-elsewhere': { words: 'owner elsewhere', tone: 'calm', icon: 'unread' },
  unknown: { words: 'unknown entity', tone: 'calm', icon: 'unread' },
  unowned: { words: 'not at the owner', tone: 'bad', icon: 'wrong' },
  ahead: { words: 'newer than the owner', tone: 'bad', icon: 'wrong' },
  different: { words: 'different state', tone: 'bad', icon: 'wrong' },
  damaged: { words: 'damaged', tone: 'bad', icon: 'wrong' },
  stopped: { words: 'stopped, events held', tone: 'bad', icon: 'held' },
  parked: { words: 'event parked', tone: 'warn', icon: 'parked' },
  'not-published': { words: 'not published', tone: 'bad', icon: 'wrong' },
  'adopter-stopped': { words: 'adopter stopped', tone: 'bad', icon: 'stopped' },
  'relay-stopped': { words: 'relay stopped', tone: 'bad', icon: 'stopped' },
  'relay-silent': { words: 'relay silent', tone: 'bad', icon: 'wrong' },
  'projector-stopped': { words: 'projector stopped', tone: 'bad', icon: 'stopped' },
  'in-queue': { words: 'in the queue', tone: 'water', icon: 'late' },
  gap: { words: 'gap, state requested', tone: 'warn', icon: 'late' },
  'dead-letter': { words: 'dead letter', tone: 'bad', icon: 'dead' },
  'not-filled': { words: 'cache not filled yet', tone: 'water', icon: 'late' },
  'on-the-way': { words: 'on the way', tone: 'water', icon: 'flow' },
  discarded: { words: 'discarded', tone: 'warn', icon: 'wrong' },
  lost: { words: 'lost', tone: 'bad', icon: 'wrong' },
};

/** How a verdict is shown. */
export function verdictView(verdict: CachedCopyDocument['verdict']): VerdictView {
  return VIEWS[verdict];
}
