import type { Chart } from '../support/result.ts';
import { CONSUMERS } from './catalogue.ts';
import { ABSENCE_NAMES, ABSENCES } from './measure-absences.ts';
import { OWNER_STATES, WAY_NAMES, WAYS, type Way } from './plan.ts';
import { type Comparison, dollarsPerMillion, loadOf, outcomeOf, readsOf, stalenessOf } from './result.ts';

/** Reads by each consumer after a change, from data that is rarely read to data that every request needs. */
export const READS_PER_CHANGE = [0.1, 1, 10, 100, 1_000] as const;

/** All charts, in the order of the page. */
export function comparisonCharts(comparison: Comparison): Chart[] {
  const states = OWNER_STATES.map((state) => `owner ${state}`);
  const consumers = CONSUMERS.map((number) => `${number} ${number === 1 ? 'consumer' : 'consumers'}`);
  const { readsPerChange } = loadOf(comparison, 1, 'call');
  return [
    {
      file: 'compare-availability',
      title: 'Reads that are answered',
      unit: '%',
      kind: 'bar',
      categories: states,
      series: byWay((way) =>
        OWNER_STATES.map((state) => {
          const { answered, asked } = readsOf(comparison, state, way);
          return (100 * answered) / asked;
        }),
      ),
    },
    {
      file: 'compare-latency',
      title: 'Median time until a read is answered',
      unit: 'ms',
      kind: 'bar',
      logarithmic: true,
      categories: states,
      series: byWay((way) =>
        OWNER_STATES.map((state) => {
          const { answered, p50Ms } = readsOf(comparison, state, way);
          return answered > 0 ? p50Ms : undefined;
        }),
      ),
    },
    {
      file: 'compare-owner-requests',
      title: `Requests to the owner for a change that each consumer reads ${readsPerChange} times`,
      unit: 'requests',
      kind: 'bar',
      categories: consumers,
      series: byWay((way) =>
        CONSUMERS.map((number) => {
          const { byChange, byReads } = loadOf(comparison, number, way).ownerRequests;
          return byChange + byReads;
        }),
      ),
    },
    {
      file: 'compare-staleness',
      title: "Median time from the owner's commit until the consumer has the change",
      unit: 'ms',
      kind: 'bar',
      categories: ['owner up', 'owner slow'],
      series: (['notify', 'carry'] as const).map((way) => ({
        name: WAY_NAMES[way],
        values: (['up', 'slow'] as const).map((state) => stalenessOf(comparison, state, way).p50Ms),
      })),
    },
    {
      file: 'compare-recovery',
      title: 'Time from the end of an absence until the consumer has the newest versions',
      unit: 's',
      kind: 'bar',
      categories: ABSENCES.map((absence) => ABSENCE_NAMES[absence]),
      series: byWay((way) => ABSENCES.map((absence) => outcomeOf(comparison, absence, way).recoveryMs / 1000)),
    },
    {
      file: 'compare-bytes',
      title: `Bytes for a change that each consumer reads ${readsPerChange} times`,
      unit: 'bytes',
      kind: 'bar',
      categories: consumers,
      series: byWay((way) =>
        CONSUMERS.map((number) => {
          const { messages, answers } = loadOf(comparison, number, way).bytes;
          return messages + answers;
        }),
      ),
    },
    {
      file: 'compare-cost',
      title: 'Cost of a million changes for 3 consumers, by reads of each consumer after a change',
      unit: 'US dollars',
      kind: 'line',
      logarithmic: true,
      categories: READS_PER_CHANGE.map(String),
      series: byWay((way) => READS_PER_CHANGE.map((reads) => dollarsPerMillion(loadOf(comparison, 3, way), reads))),
    },
  ];
}

function byWay(values: (way: Way) => (number | undefined)[]): Chart['series'] {
  return WAYS.map((way) => ({ name: WAY_NAMES[way], values: values(way) }));
}
