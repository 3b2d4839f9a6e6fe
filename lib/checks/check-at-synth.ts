import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { deadLettersAreKept } from './dead-letter-rules.ts';
import { oneIndexChanges } from './index-rules.ts';
import { consumersMayDecrypt, snsMayUseKeys } from './key-rules.ts';
import { queuesKeepUsableMessages, tombstonesOutliveEvents } from './life-rules.ts';
import type { Page, Plan, Problem, Rule } from './plan.ts';
import { throughputHasItsDeduplicationScope, visibilityCoversTimeout } from './queue-rules.ts';
import { dashboardsFit, filtersFit, queuePoliciesFit, stacksFit } from './quota-rules.ts';
import { planOf } from './render.ts';
import {
  deduplicationIdsAreOurs,
  failuresAreReported,
  streamFailuresAreKept,
  streamStartsAtItsBeginning,
} from './stream-rules.ts';

/** All rules. docs/checks.md explains each of them. */
export const RULES: readonly Rule[] = [
  visibilityCoversTimeout,
  deadLettersAreKept,
  throughputHasItsDeduplicationScope,
  tombstonesOutliveEvents,
  streamStartsAtItsBeginning,
  streamFailuresAreKept,
  queuesKeepUsableMessages,
  snsMayUseKeys,
  consumersMayDecrypt,
  failuresAreReported,
  deduplicationIdsAreOurs,
  queuePoliciesFit,
  filtersFit,
  dashboardsFit,
  stacksFit,
  oneIndexChanges,
];

/** The paths of AWS's guides, by the names with which limits and problems cite them. */
const GUIDES = new Map([
  ['cfn', 'AWSCloudFormation/latest/UserGuide'],
  ['cw', 'AmazonCloudWatch/latest/monitoring'],
  ['ddb', 'amazondynamodb/latest/developerguide'],
  ['lambda', 'lambda/latest/dg'],
  ['sns', 'sns/latest/dg'],
  ['sqs', 'AWSSimpleQueueService/latest/SQSDeveloperGuide'],
]);
const SQS_API = 'AWSSimpleQueueService/latest/APIReference';

/**
 * Checks all resources below a construct when the app is synthesised. The check runs after all aspects and includes
 * property overrides, so it sees what would be deployed. It reports all problems at once, and each problem fails the
 * synthesis.
 */
export function checkAtSynth(construct: Construct): void {
  construct.node.addValidation({
    validate: () => {
      const problems = problemsOf(planOf(construct));
      const annotations = Annotations.of(construct);
      for (const { warning, text } of problems) if (warning !== undefined) annotations.addWarningV2(warning, text);
      return problems.filter(({ warning }) => warning === undefined).map(({ text }) => text);
    },
  });
}

/** The problems that all rules find, each once, with its message. */
export function problemsOf(plan: Plan): readonly (Problem & { readonly text: string })[] {
  const found = RULES.flatMap((rule) => rule(plan)).map((problem) => [messageOf(problem), problem] as const);
  return [...new Map(found)].map(([text, problem]) => ({ ...problem, text }));
}

function messageOf({ path, what, why, page, fix }: Problem): string {
  return `${path}: ${what}. Why: ${why} (${pageUrl(page)}). Fix: ${fix}.`;
}

function pageUrl(page: Page): string {
  const [guide = '', name = ''] = page.split('/');
  return `https://docs.aws.amazon.com/${name.startsWith('API_') ? SQS_API : GUIDES.get(guide)}/${name}.html`;
}
