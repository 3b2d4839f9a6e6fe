/** The parts that an entry has, in order. */
export const SECTIONS = ['Description', 'Investigation', 'Resolution'] as const;

/** An alarm, as far as its entry in the runbook is concerned. */
export interface AlarmText {
  readonly name: string;
  readonly description: string;
}

/** What is wrong between alarms and the runbook; empty where each alarm has its entry, each entry its alarms, and none lacks a part. */
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
    if (read === null) return [`${name}: not "[severity] sentence. Runbook: url#entry": ${description}`];
    const [, , sentence = '', at, anchor = ''] = read;
    linked.add(anchor);
    return [
      ...(at === url ? [] : [`${name}: points to ${at}, not to ${url}`]),
      ...(sentence.split(/[.!?] /).length === 1 ? [] : [`${name}: more than one sentence`]),
      ...(entries.has(anchor) ? [] : [`${name}: the runbook has no entry "${anchor}"`]),
      ...(name.endsWith(`-${anchor}`) ? [] : [`${name}: is explained as ${anchor}`]),
    ];
  });
  const ofEntries = [...entries].flatMap(([kind, text]) => [
    ...(linked.has(kind) ? [] : [`"${kind}" is no alarm`]),
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

/** Links between entries lead somewhere. */
function linkProblems(runbook: string, entries: ReadonlyMap<string, string>): string[] {
  return [...runbook.matchAll(/\]\(#([^)]+)\)/g)].flatMap(([, to = '']) =>
    entries.has(to) ? [] : [`a link leads to "${to}", which is no entry`],
  );
}
