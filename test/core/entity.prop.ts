import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deduplicationId, type EntityRef, MAX_VERSION, messageGroupId } from '../../core/entity.ts';
import { imitations } from '../support/nasty-ids.ts';

/** The group and deduplication ids that SNS and SQS accept. */
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

test('entities never share a message group, versions never share a deduplication id, and SNS accepts all ids', () => {
  fc.assert(idsAreUniqueAndAllowed(messageGroupId, deduplicationId), { numRuns: 300 });
});

test.each<[string, (entity: EntityRef) => string]>([
  ['replaces the characters that SNS refuses', ({ type, id }) => `${type}/${id.replace(/[^!-~]/gu, '_')}`.slice(0, 87)],
  ['separates a hash with the same character as an id', (entity) => messageGroupId(entity).replace('#', '/')],
  ['leaves out the type', ({ id }) => messageGroupId({ type: 'T', id })],
])('mutant: the property fails for an encoding that %s', (_, groupOf) => {
  const mutant = idsAreUniqueAndAllowed(groupOf, (entity, version) => `${groupOf(entity)}@${version}`);
  expect(fc.check(mutant, { numRuns: 300, endOnFailure: true }).failed).toBe(true);
});

test('mutant: the property fails for a version that is appended without a separator', () => {
  const mutant = idsAreUniqueAndAllowed(messageGroupId, (entity, version) => `${messageGroupId(entity)}${version}`);
  expect(fc.check(mutant, { numRuns: 300, endOnFailure: true }).failed).toBe(true);
});
