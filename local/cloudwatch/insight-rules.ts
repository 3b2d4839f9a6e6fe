import * as z from 'zod/mini';
import { type Contribution, readContribution } from './contribution.ts';
import { CloudWatchError } from './errors.ts';

/** A contributor in a report. */
export interface Contributor {
  readonly keys: readonly string[];
  readonly value: number;
}

/** The contributors that a rule found in a time range. */
export interface InsightReport {
  readonly keyLabels: readonly string[];
  readonly statistic: 'Sum' | 'SampleCount';
  /** The sum over all contributors. */
  readonly total: number;
  readonly contributorCount: number;
  /** The contributors with the largest values, largest first. */
  readonly contributors: readonly Contributor[];
}

/** The Contributor Insights rules that the templates declare. */
export interface InsightRules {
  list(): string[];
  /** Reads a line that was logged to a log group. */
  record(logGroup: string, line: string): void;
  /** Throws `ResourceNotFound` for an unknown rule. The range is extended to multiples of ten seconds. */
  report(name: string, startMs: number, endMs: number, maxContributors: number): InsightReport;
  /** Adds a rule. Throws if the name is taken or the rule is malformed or not emulated. @param body the rule in JSON */
  add(name: string, body: string, enabled: boolean): { readonly arn: string };
  remove(name: string): void;
}

export interface InsightRulesOptions {
  readonly now: () => number;
  readonly region: string;
  readonly accountId: string;
}

/** cw/ContributorInsights-RuleSyntax */
const ruleBody = z.object({
  Schema: z.object({ Name: z.literal('CloudWatchLogRule', 'Only rules of the schema CloudWatchLogRule are emulated') }),
  LogFormat: z.literal('JSON', 'Only rules on logs in JSON are emulated'),
  LogGroupNames: z.array(z.string()),
  Contribution: z.unknown(),
  AggregateOn: z.enum(['Sum', 'Count']),
});

const BUCKET_MS = 10_000;
const KEPT_MS = 3 * 60 * 60 * 1000;
/** A bucket with more than twice this many contributors keeps only this many, the largest. Small ones may be lost. */
const KEPT_CONTRIBUTORS = 250;

interface Rule {
  readonly name: string;
  readonly enabled: boolean;
  readonly logGroups: readonly string[];
  readonly contribution: Contribution;
  readonly statistic: 'Sum' | 'SampleCount';
  /** The value of each contributor, by the start of the bucket. A contributor is identified by its keys in JSON. */
  readonly buckets: Map<number, Map<string, number>>;
}

/** Creates an empty set of rules. */
export function createInsightRules({ now, region, accountId }: InsightRulesOptions): InsightRules {
  const rules = new Map<string, Rule>();

  return {
    list: () => [...rules.keys()],
    remove: (name) => void rules.delete(name),
    add(name, body, enabled) {
      if (rules.has(name)) throw new Error(`the insight rule ${name} already exists`);
      const given = ruleBody.parse(JSON.parse(body));
      const isSum = given.AggregateOn === 'Sum';
      rules.set(name, {
        name,
        enabled,
        logGroups: given.LogGroupNames,
        contribution: readContribution(given.Contribution, isSum),
        statistic: isSum ? 'Sum' : 'SampleCount',
        buckets: new Map(),
      });
      return { arn: `arn:aws:cloudwatch:${region}:${accountId}:insight-rule/${name}` };
    },
    record(logGroup, line) {
      if (rules.size === 0 || !line.startsWith('{')) return;
      let event: unknown;
      for (const rule of rules.values()) {
        if (!rule.enabled || !rule.contribution.mayMatch(line)) continue;
        if (!rule.logGroups.some((pattern) => isOfGroup(logGroup, pattern))) continue;
        event ??= parsed(line);
        const found = event === undefined ? undefined : rule.contribution.of(event);
        if (found) addTo(rule.buckets, found.keys, found.value, now());
      }
    },
    report(name, startMs, endMs, maxContributors) {
      const rule = rules.get(name);
      if (!rule) throw new CloudWatchError('ResourceNotFound', `There is no insight rule ${name}`);
      const totals = new Map<string, number>();
      for (const [atMs, contributors] of rule.buckets) {
        if (atMs + BUCKET_MS <= startMs || atMs >= endMs) continue;
        for (const [keys, value] of contributors) totals.set(keys, (totals.get(keys) ?? 0) + value);
      }
      const ranked = [...totals].sort(([, a], [, b]) => b - a);
      return {
        keyLabels: rule.contribution.keyLabels,
        statistic: rule.statistic,
        total: ranked.reduce((sum, [, value]) => sum + value, 0),
        contributorCount: ranked.length,
        contributors: ranked.slice(0, maxContributors).map(([keys, value]) => ({ keys: JSON.parse(keys), value })),
      };
    },
  };
}

/** A pattern that ends with an asterisk matches every log group with this prefix. */
function isOfGroup(logGroup: string, pattern: string): boolean {
  return pattern.endsWith('*') ? logGroup.startsWith(pattern.slice(0, -1)) : logGroup === pattern;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function addTo(buckets: Rule['buckets'], keys: readonly string[], value: number, nowMs: number): void {
  const atMs = Math.floor(nowMs / BUCKET_MS) * BUCKET_MS;
  let contributors = buckets.get(atMs);
  if (!contributors) {
    contributors = new Map();
    buckets.set(atMs, contributors);
    for (const oldest of buckets.keys()) {
      if (oldest > nowMs - KEPT_MS) break;
      buckets.delete(oldest);
    }
  }
  const key = JSON.stringify(keys);
  contributors.set(key, (contributors.get(key) ?? 0) + value);
  if (contributors.size <= 2 * KEPT_CONTRIBUTORS) return;
  const largest = [...contributors].sort(([, a], [, b]) => b - a).slice(0, KEPT_CONTRIBUTORS);
  buckets.set(atMs, new Map(largest));
}
