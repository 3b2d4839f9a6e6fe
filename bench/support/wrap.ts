/** The longest line of a generated page; tables, headings, images and code keep theirs. */
const COLUMNS = 118;

const KEPT_AS_IS = /^(\||#|<!--|!\[)/;
const CODE = /^```/;
const LIST_ITEM = /^(\s*(?:-|\d+\.) )(.*)$/;

/** Words, each with the spaces that are part of a code span or of a link. */
const WORD = /(?:`[^`]*`|\[[^\]]*\]\([^)]*\)|\S)+/g;

/** Wraps the paragraphs and list items of a Markdown text, so that a page reads well wherever its figures come from. */
export function wrapped(markdown: string): string {
  const lines: string[] = [];
  let block: { readonly first: string; words: string[] } | undefined;
  let isCode = false;
  const endBlock = (): void => {
    if (block !== undefined) lines.push(...filled(block.first, block.words));
    block = undefined;
  };
  for (const line of markdown.split('\n')) {
    if (CODE.test(line)) isCode = !isCode;
    if (isCode || CODE.test(line) || line === '' || KEPT_AS_IS.test(line)) {
      endBlock();
      lines.push(line);
      continue;
    }
    const [, marker, item] = LIST_ITEM.exec(line) ?? [];
    if (marker !== undefined) endBlock();
    block ??= { first: marker ?? '', words: [] };
    block.words.push(...((item ?? line).match(WORD) ?? []));
  }
  endBlock();
  return lines.join('\n');
}

function filled(first: string, words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of words) {
    if (!isEmpty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = ' '.repeat(first.length);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
