import type { FlowDocument, NumbersDocument } from './api/documents.ts';

const MOST_CHANGES = 200;

type Alarm = NonNullable<FlowDocument['alarms']>[number];

/**
 * Compares the alarms of each look with those of the look before. The first look only says which are raised, also after
 * a replacement of the deployment. A look that couldn't read the alarms is left out.
 */
export function createAlarmChanges() {
  let raised: ReadonlyMap<string, Alarm> | undefined;
  let changes: NumbersDocument['alarmChanges'] = [];
  return {
    all: () => changes,
    /** The next look is at other alarms, so an alarm that is missing then hasn't ended. */
    replaced() {
      raised = undefined;
    },
    see({ at, alarms }: FlowDocument) {
      if (alarms === null) return;
      const now = new Map(alarms.map((alarm) => [`${alarm.boundary}\n${alarm.name}`, alarm]));
      if (raised !== undefined) {
        const before = raised;
        const ended = [...before].filter(([key]) => !now.has(key)).map(([, alarm]) => changeOf(alarm, 'OK', at));
        const begun = [...now].filter(([key]) => !before.has(key));
        const isNew = begun.map(([, alarm]) => changeOf(alarm, 'ALARM', alarm.since ?? at));
        changes = [...isNew, ...ended, ...changes].slice(0, MOST_CHANGES);
      }
      raised = now;
    },
  };
}

function changeOf({ name, boundary }: Alarm, state: 'ALARM' | 'OK', at: string) {
  return { at, name, boundary, state };
}
