import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalCloud } from '../../../local/cloud.ts';
import type { Call } from '../../../local/iam/caller.ts';
import { decide, type Policies } from '../../../local/iam/decide.ts';
import { denialOf } from '../../../local/iam/denial.ts';
import { type Lab, labAssembly, startLab } from '../../failure/lab.ts';
import { assemblyOf, SHOP } from '../../support/assembly.ts';
import { exercise } from './exercise.ts';
import { type Grant, grantsOf, isOf, refused, without } from './grants.ts';

const LONGEST_MS = 150_000;

/** Grants in the templates that no function uses, with the reason. The CDK adds them, not Freshet's constructs. */
const BEYOND_NEED: readonly (readonly [grants: RegExp, why: string])[] = [
  [/ sqs:GetQueueUrl /, 'the CDK grants it to consumers and for a failure queue; the functions are given URLs'],
  [/OwnerRelay.* sqs:GetQueueAttributes .*OwnerRelayFailures/, 'SqsDlq grants it'],
  [
    /(Repair|Governor).* sqs:ChangeMessageVisibility /,
    'the CDK grants it to consumers; only the projector says when messages come again',
  ],
  [/MonitoringAlarms.* sns:Publish /, 'what alarms tell people is not emulated'],
];

let lab: Lab;
let policies: Policies;
let calls: readonly Call[];
let ofShop: Policies;

beforeAll(async () => {
  lab = await startLab({ assembly: await labAssembly() });
  await exercise(lab);
  ({ policies, calls } = lab.cloud.access);
  const shop = await startLocalCloud({ assembly: await assemblyOf(SHOP) });
  ofShop = shop.access.policies;
  await shop.stop();
}, LONGEST_MS);

afterAll(() => lab?.close());

/** A grant, named by its construct. All caches of both apps have the same constructs, whose ids end in the boundary. */
function kindOf({ owner, action, resource }: Grant): string {
  return `${owner} ${action} ${resource}`
    .replaceAll(/(Geography|Catalogue)-/g, '')
    .replaceAll(/(Ordering|Warehouse|Parking|Stopping|Discarding|Geography|Catalogue)[0-9A-F]{8}/g, '')
    .replace(/(geography|catalogue)-Changes/, 'OwnerChanges')
    .replace(/\/stream\/.*/, '/stream')
    .replaceAll(/(Ordering|Warehouse|Parking|Stopping|Discarding)-/g, '');
}

const isBeyondNeed = (kind: string) => BEYOND_NEED.some(([grants]) => grants.test(kind));

/** The message of the refusal once a grant is removed. */
function refusalsWithout(grant: Grant): { readonly call: Call; readonly message: string }[] {
  const lacking = without(policies, grant);
  return refused(lacking, calls).flatMap((call) => {
    const decision = decide(lacking, call);
    return decision.outcome === 'allowed' ? [] : [{ call, message: denialOf(call, decision).message }];
  });
}

test('the pipeline is refused no call in all that it can do', () => {
  expect(lab.cloud.access.denials).toEqual([]);
  expect(refused(policies, calls)).toEqual([]);
});

describe('grants that are removed in turn', () => {
  test('a call without its grant fails with the missing action and resource, and no other call fails', () => {
    const grants = grantsOf(policies);
    const refusals = grants.flatMap((grant) => refusalsWithout(grant).map((refusal) => ({ grant, ...refusal })));
    const wrong = refusals.filter(
      ({ grant, call, message }) =>
        !isOf(grant, call) || !message.includes(`to perform: ${call.action} on resource: ${call.resource} because no `),
    );
    expect(wrong).toEqual([]);
    const missed = new Set(refusals.map(({ grant }) => grant));
    const rest = grants.filter((grant) => !missed.has(grant)).map(kindOf);
    const beyond = rest.filter(isBeyondNeed).length;
    console.log(
      `grants of the failure tests' app: ${grants.length}: ${missed.size} are noticed when they are removed, ${rest.length - beyond} are the same ` +
        `grant of a cache that didn't need it this time, ${beyond} are the CDK's alone`,
    );
  });

  test.each([
    ["the failure tests' app", () => policies],
    ['the shop', () => ofShop],
  ])('the removal of any grant of %s is noticed, except grants that only the CDK adds', (_, ofApp) => {
    const noticed = new Set(
      grantsOf(policies)
        .filter((one) => refusalsWithout(one).length > 0)
        .map(kindOf),
    );
    const unnoticed = grantsOf(ofApp())
      .map(kindOf)
      .filter((kind) => !noticed.has(kind));
    expect(grantsOf(ofApp()).length).toBeGreaterThan(100);
    expect(unnoticed.filter((kind) => !isBeyondNeed(kind))).toEqual([]);
  });

  test('the grants that are listed as unneeded exist, and no call ever used them', () => {
    const grants = [...grantsOf(policies), ...grantsOf(ofShop)];
    for (const [pattern] of BEYOND_NEED) {
      const found = grants.filter((grant) => pattern.test(kindOf(grant)));
      expect(found.length).toBeGreaterThan(0);
      expect(found.filter((grant) => calls.some((call) => isCalled(grant, call)))).toEqual([]);
    }
  });
});

/** Whether only this grant's role or resource can allow a call. */
function isCalled(grant: Grant, call: Call): boolean {
  if (!isOf(grant, call)) return false;
  return grant.of === 'ofResources' || (call.caller.kind === 'role' && call.caller.roleArn === grant.owner);
}
