import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { HEARTBEAT_ID } from '../../../core/entity.ts';
import { type Lab, labAssembly, startLab } from '../../failure/lab.ts';
import { itemState } from '../../failure/messages.ts';
import { type ChangeableResource, copyAssembly } from '../../support/copy-assembly.ts';

const LONGEST_MS = 20_000;
const folder = mkdtempSync(join(tmpdir(), 'freshet-grants-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

interface Statement {
  Effect: string;
  Action: string | string[];
}

/** A grant to remove from the templates. */
interface Missing {
  readonly stack: string;
  /** The start of the logical id of a policy or permission. */
  readonly of: string;
  /** Without an action, all grants of the resource are removed. */
  readonly action?: string;
}

/** Copies the app without some grants. Reports measure for a second instead of five, to save time. */
async function appWithout(name: string, missing: readonly Missing[]): Promise<string> {
  return copyAssembly(await labAssembly(), join(folder, name), (resource) => {
    for (const { action } of missing.filter((one) => isOf(one, resource))) takeOut(resource, action);
    const { Variables } = (resource.properties.Environment ?? {}) as { Variables?: Record<string, string> };
    if (resource.logicalId.startsWith('CacheReport') && Variables?.INTERVAL_SECONDS) Variables.INTERVAL_SECONDS = '10';
  });
}

const isOf = ({ stack, of }: Missing, resource: ChangeableResource) =>
  resource.stack === stack && resource.logicalId.startsWith(of);

function takeOut({ type, properties }: ChangeableResource, action: string | undefined): void {
  if (type === 'AWS::Lambda::Permission') properties.Principal = 'sns.amazonaws.com';
  const document = (properties.PolicyDocument ?? properties.AssumeRolePolicyDocument) as
    | { Statement: Statement[] }
    | undefined;
  for (const statement of document?.Statement ?? []) {
    if (statement.Effect === 'Allow' && action !== undefined) {
      statement.Action = [statement.Action].flat().map((each) => (each === action ? 'none:None' : each));
    }
  }
}

/** The refused calls so far: caller, action and resource, without the common parts of the ARNs. */
function refusals(): string[] {
  const denials = lab?.cloud.access.denials ?? [];
  return denials.map(({ caller, action, resource }) =>
    `${caller} ${action} ${resource}`.replaceAll(/arn:aws:\w+:[\w-]*:\d*:/g, '').replaceAll(/[A-F0-9]{8}\b/g, ''),
  );
}

const untilRefused = (count: number) =>
  vi.waitUntil(() => refusals().length >= count, { timeout: LONGEST_MS, interval: 10 });

test('every missing grant of an app is reported, each by the part that needs it', async () => {
  const [parking, stopping, discarding] = ['Parking', 'Stopping', 'Discarding'] as const;
  const assembly = await appWithout('several', [
    { stack: discarding, of: 'CacheProjectorRoleDefaultPolicy', action: 'dynamodb:PutItem' },
    { stack: discarding, of: 'CacheReportRoleDefaultPolicy', action: 'logs:CreateLogStream' },
    { stack: discarding, of: 'CacheReportRoleDefaultPolicy', action: 'logs:PutLogEvents' },
    { stack: stopping, of: 'CacheQueuePolicy', action: 'sqs:SendMessage' },
    { stack: stopping, of: 'CacheUndeliveredPolicy', action: 'sqs:SendMessage' },
    { stack: stopping, of: 'CacheReportRoleDefaultPolicy', action: 'cloudwatch:GetMetricData' },
    { stack: parking, of: 'CacheReportScheduleAllow' },
  ]);
  const told: string[] = [];
  const logged: string[] = [];
  lab = await startLab({
    assembly,
    onProgress: (message) => told.push(message),
    onLog: (name, line) => logged.push(`${name}: ${line}`),
  });
  await lab.owner.put('Item', 'a', itemState(1));
  await Promise.all([lab.cloud.tick(), untilRefused(EXPECTED.length)]);
  expect(refusals().sort()).toEqual([...EXPECTED].sort());

  // The refusals are reported, and the failed calls have AWS's error.
  for (const { message } of lab.cloud.access.denials) expect(told).toContain(message);
  expect(logged.join('\n')).toMatch(/Stopping-CacheReport.*AccessDeniedException/);
  const { reader } = lab.cache('parking');
  await vi.waitFor(async () => expect(await reader.get('Item', 'a')).toMatchObject({ version: 1 }), LONGEST_MS);
  expect(lab.queue('stopping').counts()).toMatchObject({ visible: 0, inFlight: 0 });
  const ofReport = logged.filter((line) => line.startsWith('Discarding-CacheReport') && line.includes('{'));
  expect(ofReport).toEqual([]);
}, 90_000);

const EXPECTED = [
  'assumed-role/Discarding-CacheProjectorRoleDiscardingC9D28B29/Discarding-CacheProjectorDiscarding21226D5A dynamodb:PutItem table/Discarding-CacheTableDiscarding0A35CF55',
  'assumed-role/Discarding-CacheReportRoleDiscardingF32012DD/Discarding-CacheReportDiscardingEBA81625 logs:CreateLogStream log-group:Discarding-CacheReportLogsDiscarding4D31C9EB:log-stream:[$LATEST]local',
  'assumed-role/Discarding-CacheReportRoleDiscardingF32012DD/Discarding-CacheReportDiscardingEBA81625 logs:PutLogEvents log-group:Discarding-CacheReportLogsDiscarding4D31C9EB:log-stream:[$LATEST]local',
  'sns.amazonaws.com for Catalogue-catalogue-Changes.fifo sqs:SendMessage Stopping-CacheQueueStoppingC6CDF12C.fifo',
  'sns.amazonaws.com for Catalogue-catalogue-Changes.fifo sqs:SendMessage Stopping-CacheUndeliveredStoppingBD830DF6.fifo',
  'assumed-role/Stopping-CacheReportRoleStoppingF32012DD/Stopping-CacheReportStoppingEBA81625 cloudwatch:GetMetricData *',
  'events.amazonaws.com for rule/Parking-CacheReportScheduleParking21046C3E lambda:InvokeFunction function:Parking-CacheReportParkingEBA81625',
].map((each) => each.replaceAll(/[A-F0-9]{8}\b/g, ''));

test('a relay without the permission to publish publishes nothing and names the permission', async () => {
  const missing = { stack: 'Catalogue', of: 'OwnerRelayRoleDefaultPolicy', action: 'sns:Publish' };
  lab = await startLab({ assembly: await appWithout('relay', [missing]) });
  await lab.owner.put('Item', 'a', itemState(1));
  await untilRefused(1);
  expect(refusals()).toEqual([expect.stringMatching(/OwnerRelay\S+ sns:Publish Catalogue-catalogue-Changes\.fifo$/)]);
  // Only the relay publishes heartbeats. The owner's repair function answers caches that fill themselves.
  expect(await lab.cache('parking').reader.get('Item', HEARTBEAT_ID)).toMatchObject({ status: 'unknown' });
});

test.each<[string, Missing, string]>([
  [
    'may not read its queue',
    { stack: 'Parking', of: 'CacheProjectorRoleDefaultPolicy', action: 'sqs:ReceiveMessage' },
    'The function execution role does not have permissions to call ReceiveMessage on SQS',
  ],
  [
    'may not read its stream',
    { stack: 'Catalogue', of: 'OwnerRelayRoleDefaultPolicy', action: 'dynamodb:GetRecords' },
    'The function execution role does not have permissions to call GetRecords on DYNAMODB',
  ],
  [
    'may not write to its on-failure destination',
    { stack: 'Catalogue', of: 'OwnerRelayRoleDefaultPolicy', action: 'sqs:SendMessage' },
    'The function execution role does not have permissions to call SendMessage on SQS',
  ],
  [
    'may not be assumed by Lambda',
    { stack: 'Parking', of: 'CacheReportRoleParking', action: 'sts:AssumeRole' },
    'The role defined for the function cannot be assumed by Lambda',
  ],
])('a function whose role %s is not deployed', async (name, missing, message) => {
  const starting = startLab({ assembly: await appWithout(name.replaceAll(' ', '-'), [missing]) });
  await expect(starting).rejects.toThrow(message);
  await expect(starting).rejects.toThrow(`"Action":"${missing.action}"`);
});
