import fc from 'fast-check';
import { expect, test } from 'vitest';
import { committed, isTombstone, notCommitted, type OwnedEntity } from '../../../core/own/own.ts';
import { TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { product } from '../../support/events.ts';

const entity = product();

/** Puts of two states and deletions, with or without an expected version. */
const commands = fc.array(
  fc.record({
    digest: fc.constantFrom('a', 'b', TOMBSTONE_DIGEST),
    expectedVersion: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
  }),
  { maxLength: 25 },
);

/** Whether the owner's table accepts a change, by the condition of its write. */
function accepts(current: OwnedEntity | undefined, digest: string, expectedVersion: number | undefined): boolean {
  if (expectedVersion !== undefined && expectedVersion !== (current?.version ?? 0)) return false;
  return current === undefined ? digest !== TOMBSTONE_DIGEST : current.digest !== digest;
}

function versionsGrowByOneWithEachChange(commit: typeof committed) {
  return fc.property(commands, (all) => {
    let current: OwnedEntity | undefined;
    let changes = 0;
    for (const { digest, expectedVersion } of all) {
      if (accepts(current, digest, expectedVersion)) {
        const result = commit(entity, current, digest, 'now');
        changes += 1;
        expect(result.version).toBe(changes);
        expect(result.outcome).toBe(
          digest === TOMBSTONE_DIGEST
            ? 'deleted'
            : current === undefined || isTombstone(current)
              ? 'created'
              : 'changed',
        );
        const stateJson = digest === TOMBSTONE_DIGEST ? undefined : '{}';
        current = { entity, version: result.version, digest, schemaVersion: 1, changedAt: 'now', stateJson };
      } else {
        expect(refusal(current, digest, expectedVersion)).toBe(changes);
      }
    }
  });
}

/** The current version that a refusal names. */
function refusal(current: OwnedEntity | undefined, digest: string, expectedVersion: number | undefined): unknown {
  try {
    return notCommitted(entity, current, digest, expectedVersion).version;
  } catch (error) {
    expect(error).toMatchObject({ code: 'VersionConflict', expectedVersion });
    return (error as { currentVersion: number }).currentVersion;
  }
}

test('versions grow by one with each change, and a refused change names the current version', () => {
  fc.assert(versionsGrowByOneWithEachChange(committed));
});

test('mutant: the property fails for a counter that restarts after a deletion', () => {
  const mutant = versionsGrowByOneWithEachChange((ref, previous, digest, changedAt) =>
    committed(ref, previous && isTombstone(previous) ? undefined : previous, digest, changedAt),
  );
  expect(fc.check(mutant).failed).toBe(true);
});
