import { ADOPT_METRICS, GOVERNOR_METRICS, RELAY_DELAY_METRIC, RELAY_METRICS, SURVEY_METRICS } from '../metrics.ts';
import { errorsOf, type Graph, lineAt, type ObjectiveLines, own, visibleMessages } from './graph.ts';
import { STREAM_USE_PERCENT } from './lines.ts';

/** The resources of an owner that graphs draw. */
export type OwnerResource = 'failureQueue' | 'relay' | 'governor' | 'repair';

/** The functions of an adopted table that graphs draw. */
export type AdoptedResource = 'adopter' | 'surveyor';

/** The title of the part about an owner. */
export function ownerTitle(name: string): string {
  return `Owner ${name}`;
}

/** The graphs of an owner. @param objectives lines for the objectives that are known */
export function ownerGraphs({ leadTimeMs }: Pick<ObjectiveLines, 'leadTimeMs'>): Graph<OwnerResource>[] {
  return [
    {
      title: 'Flow state',
      left: { unit: '0 normal, 1 paced, 2 refusing', series: [own(GOVERNOR_METRICS.flowState, 'Maximum')] },
      right: { unit: 'writes/s', series: [own(GOVERNOR_METRICS.pace, 'Average')] },
    },
    {
      title: 'Relay delay and stream use',
      left: {
        unit: 'ms',
        series: [own(RELAY_DELAY_METRIC, 'Maximum')],
        line: lineAt(leadTimeMs, 'objective for lead time'),
      },
      right: {
        unit: '%',
        series: [own(GOVERNOR_METRICS.streamUse, 'Maximum')],
        line: { value: STREAM_USE_PERCENT, label: 'alarm' },
      },
    },
    {
      title: 'Relay',
      left: { unit: 'versions', series: Object.values(RELAY_METRICS).map((metric) => own(metric, 'Sum')) },
      right: { unit: 'waiting', series: [own(GOVERNOR_METRICS.streamBacklog, 'Maximum')] },
      isStacked: true,
    },
    {
      title: 'Unpublished changes, missing reports and errors',
      left: {
        unit: 'count',
        series: [
          visibleMessages('failureQueue', 'not published'),
          own(GOVERNOR_METRICS.reportsMissing, 'Maximum'),
          errorsOf('relay', 'relay errors'),
          errorsOf('governor', 'governor errors'),
          errorsOf('repair', 'repair errors'),
        ],
      },
    },
  ];
}

/** The graphs of an existing table that an owner adopts. @param objectives lines for the objectives that are known */
export function adoptedGraphs({ leadTimeMs }: Pick<ObjectiveLines, 'leadTimeMs'>): Graph<AdoptedResource>[] {
  return [
    {
      title: 'Adopter delay and errors',
      left: {
        unit: 'ms',
        series: [own(ADOPT_METRICS.delay, 'Maximum')],
        line: lineAt(leadTimeMs, 'objective for lead time'),
      },
      right: {
        unit: 'count',
        series: [
          own(ADOPT_METRICS.failed, 'Sum'),
          errorsOf('adopter', 'adopter errors'),
          errorsOf('surveyor', 'surveyor errors'),
        ],
      },
    },
    {
      title: 'Adopted, set aside and mended',
      left: { unit: 'changes', series: [own(ADOPT_METRICS.committed, 'Sum')] },
      right: {
        unit: 'count',
        series: [
          own(ADOPT_METRICS.setAside, 'Sum'),
          own(SURVEY_METRICS.refused, 'Sum'),
          own(SURVEY_METRICS.mended, 'Sum'),
        ],
      },
    },
  ];
}
