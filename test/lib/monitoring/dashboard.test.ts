import { describe, expect, test } from 'vitest';
import * as emitted from '../../../core/metrics.ts';
import { hottestGroupsRule } from '../../../core/monitoring-names.ts';
import { propertiesOf, resourcesOf, shopTemplates } from '../../support/shop.ts';

const { Monitoring } = shopTemplates();

/** The text of a template value, with `<x>` for each reference. */
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

/** The widgets of a part of the dashboard, from its heading to the next heading. */
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

/** The metric names and expressions of a graph. */
function drawn(part: string, title: string): string[] {
  return (graph(part, title).metrics ?? []).map(([first, name]) =>
    typeof first === 'string' ? String(name) : String((first as { expression?: string }).expression),
  );
}

describe("the shop's dashboard", () => {
  test('the shop has one dashboard, named after its stack, with a part for each cache and owner', () => {
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
    ['Age of the oldest message', ['ApproximateAgeOfOldestMessage', 'ApproximateNumberOfGroupsWithInflightMessages']],
    ['Lead time', ['LeadTime', 'LeadTime', 'QueueTime', 'ProcessingTime']],
    ['Outcomes', Object.values(emitted.OUTCOME_METRICS)],
    ['Staleness', ['Staleness']],
    [
      'Parked events, dead letters and inventories',
      ['SetAside', 'Conflicts', 'Healed', 'Differing', 'AskedAgain', 'ApproximateNumberOfMessagesVisible'],
    ],
    ['Throttles and errors', ['Throttled', 'Returned', 'WriteThrottleEvents', 'Throttles', 'Errors']],
    ['Hottest groups', ['HottestGroupEvents']],
  ])('the dashboard draws the graph "%s" for each cache', (title, metrics) => {
    for (const cache of ['Cache ordering', 'Cache warehouse']) {
      expect(drawn(cache, title)).toEqual(expect.arrayContaining([...metrics]));
    }
  });

  test.each<[string, readonly string[]]>([
    ['Flow state', ['FlowState', 'Pace']],
    ['Relay delay and stream use', ['RelayDelay', 'StreamUse']],
    ['Relay', [...Object.values(emitted.RELAY_METRICS), 'StreamBacklog']],
    [
      'Unpublished changes, missing reports and errors',
      ['ReportsMissing', 'ApproximateNumberOfMessagesVisible', 'Errors'],
    ],
  ])('the dashboard draws the graph "%s" for each owner', (title, metrics) => {
    expect(drawn('Owner geography', title)).toEqual(expect.arrayContaining([...metrics]));
  });

  test('the graphs "Lead time" and "Staleness" show a line at their objectives', () => {
    const line = (title: string) => graph('Cache ordering', title).annotations?.horizontal;
    expect(line('Lead time')).toEqual([expect.objectContaining({ value: 60_000, yAxis: 'left' })]);
    expect(line('Staleness')).toEqual([expect.objectContaining({ value: 480, yAxis: 'left' })]);
  });

  test('the dashboard shows the states of all alarms, each in the part of its cache or owner', () => {
    const shown = widgets.filter(({ type }) => type === 'alarm').map(({ properties }) => properties.alarms?.length);
    const made = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
      resourcesOf(Monitoring, type),
    );
    expect(shown).toEqual([15, 15, 6]);
    expect(made).toHaveLength(36);
  });
});

describe('the rule on hottest groups', () => {
  const rules = resourcesOf(Monitoring, 'AWS::CloudWatch::InsightRule').map(([, { Properties }]) => Properties);

  test("each cache has one rule on hottest groups, on its projector's log, with the command line's name for it", () => {
    expect(rules.map(({ RuleName }) => text(RuleName))).toEqual(
      ['Ordering', 'Warehouse'].map((stack) =>
        expect.stringMatching(new RegExp(`^<${stack}:.*Projector.*>${hottestGroupsRule('')}$`)),
      ),
    );
    for (const { RuleBody } of rules) expect(text(RuleBody)).toMatch(/"LogGroupNames":\["<\w+:.*ProjectorLogs.*>"\]/);
  });

  test('the rule on hottest groups adds up the events of the group that the projector names in its log', () => {
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
