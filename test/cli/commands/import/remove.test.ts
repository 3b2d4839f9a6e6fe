import { describe, expect, test } from 'vitest';
import type { Owner } from '../../../../adapters/own/owner.ts';
import type { Plan } from '../../../../cli/commands/import/plan.ts';
import { assertFewDeletions, removeVanished } from '../../../../cli/commands/import/remove.ts';
import { FreshetError } from '../../../../core/errors.ts';

describe('the deletions of a sync', () => {
  test('an entity that changed since it was compared stays, and the others are deleted at their version', async () => {
    const versions = new Map([
      ['a', 1],
      ['b', 9],
      ['c', 3],
    ]);
    const owner: Pick<Owner, 'delete'> = {
      async delete(type, id, { expectedVersion } = {}) {
        const version = versions.get(id) ?? 0;
        if (version !== expectedVersion) throw new FreshetError('changed', { code: 'VersionConflict' });
        versions.delete(id);
        return { outcome: 'deleted', entity: { type, id }, version: version + 1, changedAt: '' };
      },
    };
    const kept: string[] = [];
    const vanished = ['a', 'b', 'c'].map((id, index) => ({ id, version: index + 1 }));
    const removal = await removeVanished(vanished, {
      ...{ owner, type: 'City', writers: 2, maxWaitMs: 0, signal: new AbortController().signal },
      onKept: (entity, problem) => kept.push(`${entity}: ${problem}`),
      onProgress: () => undefined,
    });
    expect(removal).toEqual({ deleted: 2, kept: 1 });
    expect(kept).toEqual(['City/b: changed']);
    expect([...versions.keys()]).toEqual(['b']);
  });

  test.each([
    [9, 1, undefined, false],
    [10, 1, undefined, true],
    [10, 2, undefined, false],
    [10, 2, 2, true],
    [100, 10, 0, false],
    [100, 0, 0, true],
    [0, 0, undefined, true],
  ])('of %i entities, %i may be deleted with --max-deletes %s: %s', (owned, count, max, allowed) => {
    const vanished = Array.from({ length: count }, (_, n) => ({ id: `${n}`, version: 1 }));
    const check = () => assertFewDeletions({ owned, vanished } as unknown as Plan, max);
    if (allowed) expect(check).not.toThrow();
    else expect(check).toThrow(`the file lacks ${count} of the ${owned} entities`);
  });
});
