import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deduplicationId, type EntityRef, MAX_VERSION, messageGroupId } from '../../core/entity.ts';
import { imitations } from '../support/nasty-ids.ts';

/** What SNS and SQS take as group or deduplication id. */
const ALLOWED = /^[!-~]{1,128}$/;

const types = ['Product', 'P', 'ProductProduct', 'x'.repeat(40)];
const versions = fc.uniqueArray(
  fc.oneof(fc.constantFrom(1, 2, 11, 12, 21, 111, 112), fc.integer({ min: 1, max: MAX_VERSION })),
  {
    minLength: 1,
    maxLength: 5,
  },
);

function idsAreUniqueAndAllowed(groupOf: (entity: EntityRef) => string, deduplicationOf: typeof deduplicationId) {
  return fc.property(fc.array(imitations, { minLength: 1, maxLength: 3 }), versions, (families, someVersions) => {
    const ids = [...new Set(families.flat())];
    const entities = types.flatMap((type) => ids.map((id) => ({ type, id })));
    const groups = entities.map(groupOf);
    const deduplications = entities.flatMap((entity) =>
      someVersions.map((version) => deduplicationOf(entity, version)),
    );
    expect(new Set(groups).size).toBe(groups.length);
    expect(new Set(deduplications).size).toBe(deduplications.length);
    expect([...groups, ...deduplications].filter((id) => !ALLOWED.test(id))).toEqual([]);
  });
}

test('no two entities share a message group and no two versions a deduplication id, all in what SNS and SQS take', () => {
  fc.assert(idsAreUniqueAndAllowed(messageGroupId, deduplicationId), { numRuns: 300 });
});

test.each<[string, (entity: EntityRef) => string]>([
  ['replaces what SNS does not take', ({ type, id }) => `${type}/${id.replace(/[^!-~]/gu, '_')}`.slice(0, 87)],
  ['writes a hash where a readable id could stand', (entity) => messageGroupId(entity).replace('#', '/')],
  ['leaves out the type', ({ id }) => messageGroupId({ type: 'T', id })],
])('mutant: an encoding that %s is found', (_, groupOf) => {
  const mutant = idsAreUniqueAndAllowed(groupOf, (entity, version) => `${groupOf(entity)}@${version}`);
  expect(fc.check(mutant, { numRuns: 300 }).failed).toBe(true);
});

test('mutant: a version that is appended without a separator is found', () => {
  const mutant = idsAreUniqueAndAllowed(messageGroupId, (entity, version) => `${messageGroupId(entity)}${version}`);
  expect(fc.check(mutant, { numRuns: 300 }).failed).toBe(true);
});
