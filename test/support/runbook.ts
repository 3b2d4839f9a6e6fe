/** The sections of a runbook entry, in order. */
export const SECTIONS = ['Description', 'Investigation', 'Resolution'] as const;

/** The parts of an alarm that the runbook check needs. */
export interface AlarmText {
  readonly name: string;
  readonly description: string;
}

/**
 * Returns the problems of the runbook. It returns none if each alarm has an entry, each entry belongs to an alarm,
 * and each entry has all sections.
 */
export function runbookProblems(alarms: readonly AlarmText[], runbook: string, url: string): string[] {
  const entries = new Map(
    runbook
      .split(/^## /m)
      .slice(1)
      .map((entry) => [entry.slice(0, entry.indexOf('\n')), entry.slice(entry.indexOf('\n') + 1)] as const),
  );
  const linked = new Set<string>();
  const ofAlarms = alarms.flatMap(({ name, description }) => {
    const read = /^\[(page|ticket)\] (\S.*[.]) Runbook: (\S+)#([a-z-]+)$/.exec(description);
    if (read === null)
      return [`${name}: doesn't have the form "[severity] sentence. Runbook: url#entry": ${description}`];
    const [, , sentence = '', at, anchor = ''] = read;
    linked.add(anchor);
    return [
      ...(at === url ? [] : [`${name}: links to ${at}, not to ${url}`]),
      ...(sentence.split(/[.!?] /).length === 1 ? [] : [`${name}: has more than one sentence`]),
      ...(entries.has(anchor) ? [] : [`${name}: the runbook has no entry "${anchor}"`]),
      ...(name.endsWith(`-${anchor}`)
        ? []
        : [`${name}: links to the entry "${anchor}", which belongs to another alarm`]),
    ];
  });
  const ofEntries = [...entries].flatMap(([kind, text]) => [
    ...(linked.has(kind) ? [] : [`"${kind}" belongs to no alarm`]),
    ...partProblems(kind, text),
  ]);
  return [...ofAlarms, ...ofEntries, ...linkProblems(runbook, entries)];
}

function partProblems(kind: string, text: string): string[] {
  const parts = text.split(/^### /m).slice(1);
  const titles = parts.map((part) => part.slice(0, part.indexOf('\n')));
  if (titles.join() !== SECTIONS.join()) return [`"${kind}" has ${titles.join(', ')}. Needed: ${SECTIONS.join(', ')}`];
  return parts.flatMap((part, index) =>
    part.trim() === titles[index] ? [`"${kind}": ${titles[index]} is empty`] : [],
  );
}

/** Returns the links to entries that don't exist. */
function linkProblems(runbook: string, entries: ReadonlyMap<string, string>): string[] {
  return [...runbook.matchAll(/\]\(#([^)]+)\)/g)].flatMap(([, to = '']) =>
    entries.has(to) ? [] : [`a link leads to "${to}", which is not an entry`],
  );
}
