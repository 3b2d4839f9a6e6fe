import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { runCommand } from '../../cli/main.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { assemblyOf } from '../support/assembly.ts';
import { type CloudFormation, type StackCall, startCloudFormation } from '../support/cloud-formation.ts';
import { commandIo } from '../support/command-io.ts';
import { root } from '../support/command-line.ts';

let cloud: LocalCloud;
let formation: CloudFormation;
const slow = { timeout: 120_000 };

beforeAll(async () => {
  // With a ledger, every client reaches DynamoDB through the gateway, which checks permissions.
  cloud = await startLocalCloud({ assembly: await assemblyOf('test/cli/operator/app.ts'), ledger: { note: () => {} } });
  const outputs = Object.entries(cloud.outputs).map(([stack, values]) => [stack, Object.values(values)]);
  formation = await startCloudFormation(Object.fromEntries(outputs), refusal);
  vi.spyOn(formation, 'functionsOf').mockReturnValue(
    cloud.functions
      .functions()
      .flatMap(({ name }) =>
        /Relay|Projector|Report|Repair|Governor|Decider|Deadlines|ArchiveEnd|Adopter|Surveyor/.test(name) ? [name] : [],
      ),
  );
  await cloud.idle();
}, 120_000);
afterAll(async () => {
  formation?.close();
  await cloud?.stop();
});
afterEach(() => vi.unstubAllEnvs());

/**
 * Checks a call of CloudFormation as IAM does: a stack that is named without its id is the resource `stack/NAME/*`
 * (github.com/aws/aws-cdk/issues/7319).
 */
function refusal({ action, stack, authorization }: StackCall) {
  const { signerOf, check, place } = cloud.access;
  const caller = signerOf(authorization);
  const resource = `arn:aws:cloudformation:${place.region}:${place.accountId}:stack/${stack}/*`;
  const denial = caller && check({ caller, action: `cloudformation:${action}`, resource });
  return denial && { code: 'AccessDenied', message: denial.message };
}

const STACKS = 'Depot,lenient,Facts,Adopted';

/** Runs a command with the role of an operator. */
async function as(
  operator: 'OfAll' | 'OfTheCache' | 'OfNothing',
  args: readonly string[],
  { input = '', stacks = STACKS } = {},
) {
  const { name = '' } = cloud.functions.functions().find((one) => one.name.includes(`-${operator}`)) ?? {};
  const credentials = cloud.access.credentialsOf(name);
  if (credentials === undefined) throw new Error(`no role of ${operator}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', credentials.sessionToken);
  vi.stubEnv('AWS_ENDPOINT_URL', cloud.endpoints.sqs);
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', cloud.endpoints.dynamodb);
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', formation.url);
  const io = commandIo({ cwd: root, stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]) });
  const code = await runCommand([...args, '--stack', stacks], io);
  return { code, out: io.out(), err: io.err() };
}

/** Each command, with the exit codes that it may have. */
const COMMANDS: readonly (readonly [readonly string[], readonly number[]])[] = [
  [['put', 'Item', 'one', '--data', '{"name":"one"}'], [0]],
  [['import', 'Item', '-', '--id', 'id'], [0]],
  [['get', 'lenient', 'Item', 'nobody'], [3]],
  [['export', 'lenient', 'Item'], [0]],
  [['export', 'depot', 'Item'], [0]],
  [['status'], [0, 1]],
  [
    ['status', '--count'],
    [0, 1],
  ],
  [['watch', '--count', '1'], [0]],
  [['parked', 'list', 'shipping'], [0]],
  [['parked', 'redrive', 'shipping'], [0]],
  [['parked', 'discard', 'shipping', '--all', '--yes'], [0]],
  [['events', 'lenient'], [0]],
  [['logs'], [0]],
  [['why', 'lenient', 'Item', 'nobody'], [0]],
  [['parked', 'list', 'lenient'], [0]],
  [['parked', 'list', 'depot'], [0]],
  [['parked', 'show', 'lenient', 'Item/x/00000000000000000001'], [3]],
  [['parked', 'redrive', 'lenient'], [0]],
  [['parked', 'redrive', 'depot'], [0]],
  [['parked', 'discard', 'lenient', '--all', '--yes'], [0]],
  [['release', 'lenient', 'Item', 'nobody'], [0]],
  [['resync', 'Item', 'one', '--wait'], [0]],
  [['backfill', 'lenient'], [0]],
  [['reconcile', 'lenient', '--dry-run'], [0]],
  [['reconcile', 'lenient', '--delete-unknown', '--yes'], [0]],
  [['delete', 'Item', 'one', '--yes'], [0]],
  [['restore', 'depot', '--yes'], [2]],
  [['survey', 'catalogue'], [0]],
  [['parked', 'list', 'catalogue'], [0]],
  [['replay', 'shipping', '--from', 'beginning', '--yes'], [0]],
  [['replay', 'shipping', '--resume', '--yes'], [0]],
  // On AWS, it asks for a confirmation.
  [['replay', 'shipping', '--from', 'beginning'], [2]],
];

describe('grantOperate', slow, () => {
  test.each(COMMANDS)('a role with all grants may run %j', async (args, codes) => {
    const input = args[0] === 'import' ? '{"id":"two","name":"two"}\n' : '';
    const { code, err } = await as('OfAll', args, { input });
    expect(err).not.toMatch(/AccessDenied|not authorized/);
    expect(codes).toContain(code);
  });

  test('all the refused calls of the local IAM are those of other operators', () => {
    expect(cloud.access.denials.map(({ message }) => message).filter((message) => message.includes('OfAll'))).toEqual(
      [],
    );
  });

  test("a role with the cache's grant may not write at the owner, and a role without grants may do nothing", async () => {
    const put = await as('OfTheCache', ['put', 'Item', 'three', '--data', '{"name":"three"}'], {
      stacks: 'Depot,lenient',
    });
    // Exit code 2 would say that nothing was written.
    expect(put.code).toBe(1);
    const imported = await as('OfTheCache', ['import', 'Item', '-', '--id', 'id'], {
      input: '{"id":"three","name":"three"}\n',
      stacks: 'Depot,lenient',
    });
    for (const { err } of [put, imported]) expect(err).toMatch(/AccessDenied[\s\S]*the permissions that --help names/);
    expect((await as('OfTheCache', ['parked', 'list', 'lenient'], { stacks: 'lenient' })).code).toBe(0);
    const survey = await as('OfTheCache', ['survey', 'catalogue'], { stacks: 'Adopted,lenient' });
    expect(survey).toMatchObject({ code: 1, out: '', err: expect.stringContaining('lambda:InvokeFunction') });
    const elsewhere = await as('OfTheCache', ['status'], { stacks: 'Facts' });
    expect(elsewhere).toMatchObject({ code: 2, err: expect.stringContaining('cloudformation:DescribeStacks') });
    const reading = [
      ['parked', 'list', 'lenient'],
      ['status'],
      ['get', 'lenient', 'Item', 'x'],
      ['events', 'lenient'],
      ['logs'],
      ['survey', 'catalogue'],
    ];
    for (const args of reading) {
      const { code, err } = await as('OfNothing', args);
      expect(`${args[0]} ${code} ${err}`).toMatch(/^\w+ [12] [\s\S]*AccessDenied/);
    }
  });

  test("no operator may delete an item, write the table of a cache, or send messages to a cache's queue", () => {
    const { ofRoles } = cloud.access.policies;
    const statements = [...ofRoles].flatMap(([role, all]) => (role.includes('Operators') ? all : []));
    const text = statements
      .filter(({ text }) => !text.includes('Facts-'))
      .map((one) => JSON.stringify(one))
      .join();
    expect(text).not.toMatch(/dynamodb:(?:DeleteItem|PutItem|\*)|sqs:(?:Send|\*)/);
    expect(JSON.stringify(statements)).not.toMatch(/dynamodb:(?:DeleteItem|PutItem|\*)|sqs:\*/);
    expect(statements.length).toBeGreaterThan(5);
  });
});
