import { describe, expect, test } from 'vitest';
import * as emitted from '../../../core/metrics.ts';
import { hottestGroupsRule } from '../../../core/monitoring-names.ts';
import { propertiesOf, resourcesOf, shopTemplates } from '../../support/shop.ts';

const { Monitoring } = shopTemplates();

/** A text of a template, with `<x>` for what it refers to. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, ...other } = value as { 'Fn::Join'?: [string, unknown[]] };
  return join === undefined ? `<${Object.values(other)[0]}>` : join[1].map(text).join(join[0]);
}

interface Widget {
  readonly type: string;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly metrics?: readonly (readonly unknown[])[];
    readonly alarms?: readonly string[];
    readonly annotations?: { readonly horizontal: readonly { readonly value: number; readonly yAxis: string }[] };
  };
}

const dashboard = propertiesOf(Monitoring, 'AWS::CloudWatch::Dashboard');
const { widgets } = JSON.parse(text(dashboard.DashboardBody)) as { widgets: readonly Widget[] };

/** The widgets of a boundary: those from its heading to the next one. */
function partOf(title: string): readonly Widget[] {
  const from = widgets.findIndex(({ properties }) => properties.markdown === `## ${title}`);
  const to = widgets.findIndex(({ type }, index) => type === 'text' && index > from);
  return widgets.slice(from + 1, to < 0 ? undefined : to);
}

function graph(part: string, title: string): Widget['properties'] {
  const found = partOf(part).find(({ properties }) => properties.title === title);
  if (found === undefined) throw new Error(`no graph "${title}" of ${part}`);
  return found.properties;
}

/** The names of a graph's metrics, and the expressions in it. */
function drawn(part: string, title: string): string[] {
  return (graph(part, title).metrics ?? []).map(([first, name]) =>
    typeof first === 'string' ? String(name) : String((first as { expression?: string }).expression),
  );
}

describe("the shop's dashboard", () => {
  test('is one, named by the stack', () => {
    expect(dashboard.DashboardName).toBe('Monitoring');
    expect(widgets.filter(({ type }) => type === 'text').map(({ properties }) => properties.markdown)).toEqual([
      '## Cache ordering',
      '## Cache warehouse',
      '## Owner geography',
    ]);
  });

  test.each<[string, readonly string[]]>([
    [
      'Inflow and outflow',
      ['ProductionRate', 'ConsumptionRate', 'NumberOfMessagesSent', 'NumberOfMessagesDeleted', 'Utilisation'],
    ],
    ['Backlog and drain time', ['Backlog', 'DrainTime']],
    ['Oldest age', ['ApproximateAgeOfOldestMessage', 'ApproximateNumberOfGroupsWithInflightMessages']],
    ['Lead time', ['LeadTime', 'LeadTime', 'QueueTime', 'ProcessingTime']],
    ['Outcomes', Object.values(emitted.OUTCOME_METRICS)],
    ['Staleness', ['Staleness']],
    ['Parked and dead letters', ['SetAside', 'Conflicts', 'ApproximateNumberOfMessagesVisible']],
    ['Throttles and errors', ['Throttled', 'Returned', 'WriteThrottleEvents', 'Throttles', 'Errors']],
    ['Hottest groups', ['HottestGroupEvents']],
  ])('draws for each cache: %s', (title, metrics) => {
    for (const cache of ['Cache ordering', 'Cache warehouse']) {
      expect(drawn(cache, title)).toEqual(expect.arrayContaining([...metrics]));
    }
  });

  test.each<[string, readonly string[]]>([
    ['Flow state', ['FlowState', 'Pace']],
    ['Relay delay and use of the stream', ['RelayDelay', 'StreamUse']],
    ['Relay', [...Object.values(emitted.RELAY_METRICS), 'StreamBacklog']],
    ['Not published, reports missing, errors', ['ReportsMissing', 'ApproximateNumberOfMessagesVisible', 'Errors']],
  ])('draws for each owner: %s', (title, metrics) => {
    expect(drawn('Owner geography', title)).toEqual(expect.arrayContaining([...metrics]));
  });

  test('draws lead time and staleness against their objectives', () => {
    const line = (title: string) => graph('Cache ordering', title).annotations?.horizontal;
    expect(line('Lead time')).toEqual([expect.objectContaining({ value: 60_000, yAxis: 'left' })]);
    expect(line('Staleness')).toEqual([expect.objectContaining({ value: 300, yAxis: 'left' })]);
  });

  test('shows the state of all alarms, each with what it is about', () => {
    const shown = widgets.filter(({ type }) => type === 'alarm').map(({ properties }) => properties.alarms?.length);
    const made = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
      resourcesOf(Monitoring, type),
    );
    expect(shown).toEqual([12, 12, 6]);
    expect(made).toHaveLength(30);
  });
});

describe('the rule on hottest groups', () => {
  const rules = resourcesOf(Monitoring, 'AWS::CloudWatch::InsightRule').map(([, { Properties }]) => Properties);

  test("is one per cache, on its projector's log, and named so that the command line finds it", () => {
    expect(rules.map(({ RuleName }) => text(RuleName))).toEqual(
      ['Ordering', 'Warehouse'].map((stack) =>
        expect.stringMatching(new RegExp(`^<${stack}:.*Projector.*>${hottestGroupsRule('')}$`)),
      ),
    );
    for (const { RuleBody } of rules) expect(text(RuleBody)).toMatch(/"LogGroupNames":\["<\w+:.*ProjectorLogs.*>"\]/);
  });

  test('adds up the events of the group that the projector names in its log', () => {
    for (const { RuleBody, RuleState } of rules) {
      expect(RuleState).toBe('ENABLED');
      expect(JSON.parse(text(RuleBody))).toMatchObject({
        Schema: { Name: 'CloudWatchLogRule', Version: 1 },
        LogFormat: 'JSON',
        Contribution: {
          Keys: [`$.${emitted.HOTTEST_GROUP_PROPERTY}`],
          ValueOf: `$.${emitted.PROJECTOR_METRICS.hottestGroup}`,
        },
        AggregateOn: 'Sum',
      });
    }
  });
});
