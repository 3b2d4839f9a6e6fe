import { expect, test } from 'vitest';
import { beginning, quotedVisibly, visibleParts, visibleText } from '../../../../cli/console/page/pure/visible.ts';

test('characters that turn the direction of a text are shown by their code', () => {
  expect(visibleParts('abc\u202egnp.exe')).toEqual([
    { kind: 'text', text: 'abc' },
    { kind: 'code', text: 'U+202E', name: 'right-to-left override' },
    { kind: 'text', text: 'gnp.exe' },
  ]);
});

test('control characters, zero-width characters and halves of pairs are shown by their code', () => {
  expect(visibleText('a\u0000b\u200bc\u2066d\ufeffe\ud83d.')).toBe('a⟨U+0000⟩b⟨U+200B⟩c⟨U+2066⟩d⟨U+FEFF⟩e⟨U+D83D⟩.');
});

test('letters of any script, and emoji of one character, are left as they are', () => {
  const text = 'شركة Łódź 日本 😀';
  expect(visibleParts(text)).toEqual([{ kind: 'text', text }]);
});

test('a quoted text is JSON of the same text without hidden characters', () => {
  const text = '"\u202e\u2028\u{e0067}\n<script>';
  const quoted = quotedVisibly(text);
  expect(JSON.parse(quoted)).toBe(text);
  expect(quoted).toMatch(/^[\x20-\x7e]+$/);
});

test('a text is not cut within a pair', () => {
  expect(beginning('a😀b', 2)).toBe('a');
  expect(beginning('a😀b', 3)).toBe('a😀');
  expect(beginning('ab', 9)).toBe('ab');
});
