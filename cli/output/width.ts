import type { CommandIo } from '../io.ts';

/** Columns of a pipe, and of a terminal whose width isn't known. Some terminals say 0. */
export const DEFAULT_WIDTH = 80;

/** The narrowest width that texts are fitted to. */
const MIN_WIDTH = 40;

/** Columns by which the further lines of a wrapped text are indented. */
const INDENT = '  ';

/** The columns of standard output: those of the terminal, else of the variable COLUMNS, else 80; at least 40. */
export function outputWidth({
  stdout,
  env,
}: {
  readonly stdout: Pick<CommandIo['stdout'], 'columns'>;
  readonly env: CommandIo['env'];
}): number {
  const width = stdout.columns ?? Number(env.COLUMNS);
  return Math.max(MIN_WIDTH, Number.isInteger(width) && width > 0 ? width : DEFAULT_WIDTH);
}

/**
 * Wraps a text between its words. Further lines are indented. A word that is longer than a line is broken.
 *
 * @param indent the indentation of the first line, which the further lines exceed
 */
export function wrapped(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const room = width - (lines.length === 0 ? indent : indent + INDENT).length;
    if (line !== '' && line.length + 1 + word.length <= room) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    for (let most = roomFor(lines.length, width, indent); line.length > most; most = roomFor(1, width, indent)) {
      lines.push(line.slice(0, most));
      line = line.slice(most);
    }
  }
  return [...lines, line].map((one, index) => `${indent}${index === 0 ? '' : INDENT}${one}`).join('\n');
}

function roomFor(lines: number, width: number, indent: string): number {
  return width - (lines === 0 ? indent : indent + INDENT).length;
}

/** A name in at most so many characters. The middle of a longer name is left out. */
export function shortened(name: string, most: number): string {
  const characters = [...name];
  if (characters.length <= most) return name;
  const end = Math.floor((most - 1) / 2);
  return `${characters.slice(0, most - 1 - end).join('')}…${characters.slice(-end).join('')}`;
}
