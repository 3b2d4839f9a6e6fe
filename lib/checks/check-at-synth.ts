import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { deadLettersAreKept } from './dead-letter-rules.ts';
import { consumersMayDecrypt, snsMayUseKeys } from './key-rules.ts';
import { queuesKeepWhatIsOfUse, tombstonesOutliveEvents } from './life-rules.ts';
import type { Page, Plan, Problem, Rule } from './plan.ts';
import { throughputHasItsScope, visibilityCoversTimeout } from './queue-rules.ts';
import { planOf } from './render.ts';
import {
  deduplicationIdsAreOurs,
  failuresAreReported,
  streamFailuresAreKept,
  streamStartsAtItsBeginning,
} from './stream-rules.ts';

/** Every rule; docs/checks.md says what each is about. */
export const RULES: readonly Rule[] = [
  visibilityCoversTimeout,
  deadLettersAreKept,
  throughputHasItsScope,
  tombstonesOutliveEvents,
  streamStartsAtItsBeginning,
  streamFailuresAreKept,
  queuesKeepWhatIsOfUse,
  snsMayUseKeys,
  consumersMayDecrypt,
  failuresAreReported,
  deduplicationIdsAreOurs,
];

/** Where AWS keeps its guides, by the name that the limits and problems cite them by. */
const GUIDES = new Map([
  ['ddb', 'amazondynamodb/latest/developerguide'],
  ['lambda', 'lambda/latest/dg'],
  ['sns', 'sns/latest/dg'],
  ['sqs', 'AWSSimpleQueueService/latest/SQSDeveloperGuide'],
]);
const SQS_API = 'AWSSimpleQueueService/latest/APIReference';

/**
 * Has everything below a construct checked when the app is synthesised: after all aspects, with property overrides, as it would be deployed.
 * All problems are reported at once, and fail the synthesis.
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

/** What all rules find, each finding once, with its message. */
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
