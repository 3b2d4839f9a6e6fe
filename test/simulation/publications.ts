import type { Violate } from './checks.ts';
import type { Committed } from './owner.ts';

/** The records of the owner's stream, and the versions that the topic accepted. */
export type Publications = ReturnType<typeof createPublications>;

export function createPublications(violate: Violate) {
  const records = new Map<string, Committed & { isPublished: boolean }>();
  const firstPublished = new Map<string, Set<number>>();
  const latestPublished = new Map<string, number>();
  const sendings = new Set<string>();
  let count = 0;

  const publications = {
    get count() {
      return count;
    },
    /** The topic accepted a message that is addressed to one cache, outside the order of the stream. */
    countAddressed(): void {
      count += 1;
    },
    /** Whether the relay has published a version. */
    isPublished: (groupId: string, version: number): boolean => firstPublished.get(groupId)?.has(version) === true,
    /** The stream has a new record. */
    recorded(sequenceNumber: string, committed: Committed): void {
      records.set(sequenceNumber, { ...committed, isPublished: false });
    },
    /** The topic accepted a record's message. */
    publishedRecord(sequenceNumber: string, isDuplicate: boolean): Committed | undefined {
      const record = records.get(sequenceNumber);
      if (record === undefined) return undefined;
      const { groupId, version, token } = record;
      // One publication answers a request that is delivered twice.
      const sending = `${groupId}@${version}~${token}`;
      const isAnswered = token !== undefined && sendings.has(sending);
      sendings.add(sending);
      if (!record.isPublished && isDuplicate && !isAnswered) {
        violate('publication-dropped', `${groupId}@${version}${record.isResync ? ' (resync)' : ''} was dropped`);
      }
      record.isPublished = true;
      publications.publishedVersion(groupId, version);
      return record;
    },
    publishedVersion(groupId: string, version: number): void {
      count += 1;
      let versions = firstPublished.get(groupId);
      if (versions === undefined) {
        versions = new Set();
        firstPublished.set(groupId, versions);
      }
      if (versions.has(version)) return;
      versions.add(version);
      const latest = latestPublished.get(groupId) ?? 0;
      if (version < latest) violate('topic-order', `${groupId}@${version} came for the first time after @${latest}`);
      latestPublished.set(groupId, Math.max(latest, version));
    },
  };
  return publications;
}
