import fc from 'fast-check';
import { sha256 } from '../../core/entity.ts';
import { anyCharacter } from './characters.ts';

const plain = fc.oneof(
  fc.string({ minLength: 1, maxLength: 100 }),
  fc.string({ minLength: 1, maxLength: 40, unit: anyCharacter }),
  fc.string({
    minLength: 1,
    maxLength: 6,
    unit: fc.constantFrom('/', '#', '@', '=', '_', '-', '1', ' ', '\u0000', '\n', 'é', '漢', '😀'),
  }),
  fc.constantFrom(
    'a',
    'A',
    'é',
    'e\u0301',
    '__proto__',
    'constructor',
    '..',
    'null',
    '0',
    '1',
    '@',
    '#',
    '/',
    '@1',
    '/@1',
  ),
);

/**
 * An id, and ids that look like a value derived from it: its hash, the id with a version as suffix, the id with a type
 * as prefix, or an escaped form.
 */
export const imitations: fc.Arbitrary<readonly string[]> = fc
  .tuple(plain, fc.integer({ min: 1, max: 12 }))
  .map(([id, version]) => [
    id,
    sha256(id),
    `#${sha256(id)}`,
    `Product#${sha256(id)}`,
    `${id}@${version}`,
    `${id}@${version}@${version}`,
    `${id}${version}`,
    `Product/${id}`,
    `/${id}`,
    `${id} `,
    encodeURIComponent(id),
    Buffer.from(id).toString('base64url'),
    id.normalize('NFD'),
    id.replace(/[^!-~]/gu, '_'),
    id.replace(/[^!-~]/gu, '?'),
    `${'x'.repeat(78)}${id}`,
    id.padEnd(80, '@').slice(0, 80).toWellFormed(),
    id.padEnd(81, '@').slice(0, 81).toWellFormed(),
  ])
  .map((ids) => ids.filter((id) => id !== '' && id.isWellFormed()));

/** An id of 1,024 bytes. In JSON it is six times as long. */
export const WORST_ID = '\u0001'.repeat(1024);
