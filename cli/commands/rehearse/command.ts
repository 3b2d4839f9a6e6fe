import { paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { Command } from 'commander';
import { quoted } from 'freshet-aws/internal/core/errors';
import type { Deployment } from '../../deployment/deployment.ts';
import type { FoundLocalCloud } from '../../deployment/local-file.ts';
import { inLocalCloud } from '../../deployment/only-local.ts';
import { EXIT, UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { typed } from '../../output/typed.ts';
import { REHEARSALS, rehearsalOf } from './catalog.ts';
import { readRehearsals, writeRehearsals } from './journal.ts';
import { type Rehearsal, watchedNames } from './rehearsal.ts';
import { takeBack } from './undo.ts';
import { runbookNames } from './variables.ts';

interface RehearseOptions {
  readonly list?: boolean;
  readonly undo?: boolean;
  readonly json?: boolean;
}

/** `freshet rehearse ALARM [NAME]`: makes the condition of an alarm in the local cloud. */
export function rehearseCommand(io: CommandIo): Command {
  return new Command('rehearse')
    .summary('provoke an alarm of the runbook in the local cloud')
    .description(
      'Makes the condition of an alarm in the local cloud: stops a function, sends a message that is not an event, or ' +
        'the like. It says what it did, which alarm will be raised and when, and which entry of the runbook mends it. Read ' +
        'the entry and mend the local cloud by its steps, or take everything back with --undo.',
    )
    .argument('[alarm]', 'alarm, by the name of its entry in docs/runbook.md, such as stalled')
    .argument('[name]', 'cache, owner, queue or saga that the alarm watches; default: the only one')
    .option(
      '--list',
      'list all alarms, what the command does for each, and how long it takes until the alarm is raised',
    )
    .option(
      '--undo',
      'take back everything that rehearsals did since the local cloud was started, or since its data was kept first',
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The command works on the local cloud only. The app needs PipelineMonitoring, or it has no alarms.

Exit codes:
  0  the condition is made, listed or taken back
  1  something failed
  2  the alarm is unknown or can't be provoked locally, the name is missing or unknown, or no local cloud runs`,
    )
    .action(async (alarm: string | undefined, name: string | undefined, options: RehearseOptions) => {
      if (options.list || (alarm === undefined && !options.undo)) io.exitCode = list(io, options);
      else
        io.exitCode = await inLocalCloud(io, (deployment, found) =>
          run({ deployment, found, io }, alarm, name, options),
        );
    });
}

interface Stage {
  readonly deployment: Deployment;
  readonly found: FoundLocalCloud;
}

function list({ stdout }: CommandIo, { json }: RehearseOptions): number {
  const all = Object.entries(REHEARSALS).map(([alarm, rehearsal]) => ({ alarm, ...rehearsal }));
  if (json) {
    // JSON leaves out the functions of the rehearsals.
    stdout.write(`${JSON.stringify(all)}\n`);
  } else {
    for (const { alarm, on, ...rehearsal } of all) {
      stdout.write(`${alarm} (${on})\n`);
      if ('because' in rehearsal) stdout.write(`  can't be provoked locally: ${rehearsal.because}\n`);
      else stdout.write(`  ${rehearsal.does}\n  raised after about ${rehearsal.after}\n`);
    }
  }
  return EXIT.ok;
}

async function run(
  stage: Stage & { readonly io: CommandIo },
  alarm: string | undefined,
  name: string | undefined,
  options: RehearseOptions,
): Promise<number> {
  if (alarm === undefined) return undoAll(stage, options);
  if (options.undo) throw new UsageError('--undo: takes back all rehearsals. Leave out the alarm.');
  const rehearsal = rehearsalOf(alarm);
  const chosen = chooseName(watchedNames(stage.deployment, rehearsal.on), rehearsal.on, name);
  const { did, undo } = await rehearsal.provoke(stage.deployment, chosen);
  const before = readRehearsals(stage.found);
  const entry = { alarm, name: chosen, at: new Date().toISOString(), undo: [...undo] };
  writeRehearsals(stage.found, [...before, entry]);
  await tell(stage, alarm, chosen, rehearsal, did, options);
  return EXIT.ok;
}

function chooseName(names: readonly string[], on: string, given: string | undefined): string {
  const [first, ...others] = names;
  if (given !== undefined && names.includes(given)) return given;
  const known = `The local cloud has: ${names.join(', ') || 'none'}.`;
  if (given !== undefined) throw new UsageError(`name: there is no ${on} named ${quoted(given)}. ${known}`);
  if (first === undefined) throw new UsageError(`name: the alarm is about a ${on}, and the app has none.`);
  if (others.length > 0) throw new UsageError(`name: the alarm is about a ${on}. Name one. ${known}`);
  return first;
}

/** An alarm's name ends with its entry, and its description with the address of the entry. */
async function alarmsNamed({ clients }: Deployment, alarm: string, name: string) {
  const found: { readonly name: string; readonly runbook: string }[] = [];
  const AlarmTypes = ['CompositeAlarm', 'MetricAlarm'] as const;
  for await (const page of paginateDescribeAlarms({ client: clients.metrics }, { AlarmTypes: [...AlarmTypes] })) {
    for (const one of [...(page.CompositeAlarms ?? []), ...(page.MetricAlarms ?? [])]) {
      const [, runbook = ''] = / Runbook: (\S+)$/.exec(one.AlarmDescription ?? '') ?? [];
      if (one.AlarmName?.endsWith(`-${name}-${alarm}`) && runbook.endsWith(`#${alarm}`))
        found.push({ name: one.AlarmName, runbook });
    }
  }
  return found;
}

async function tell(
  { deployment, found, io: { stdout, stderr } }: Stage & { readonly io: CommandIo },
  alarm: string,
  name: string,
  { on, after }: Rehearsal,
  did: readonly string[],
  { json }: RehearseOptions,
): Promise<void> {
  const alarms = await alarmsNamed(deployment, alarm, name);
  const names = await runbookNames(deployment, on, name);
  const { url, dynamodbUrl } = found.file;
  if (json) {
    stdout.write(`${JSON.stringify({ alarm, on, name, did, after, alarms, names })}\n`);
  } else {
    for (const one of did) stdout.write(`${one}\n`);
    for (const one of alarms) {
      stdout.write(`\nThe alarm ${one.name} is raised after about ${after}. To see it: ${typed('status')}\n`);
      stdout.write(`Its entry in the runbook: ${one.runbook}\n`);
    }
    stdout.write(
      `\nFor the commands of the entry that start with aws:\n` +
        `  export AWS_ENDPOINT_URL=${url} AWS_ENDPOINT_URL_DYNAMODB=${dynamodbUrl} AWS_REGION=us-east-1 ` +
        'AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n' +
        `${Object.entries(names)
          .map(([variable, value]) => `  ${variable}=${value}\n`)
          .join('')}` +
        `To take it back without the entry: ${typed('rehearse --undo')}\n`,
    );
  }
  if (alarms.length === 0)
    stderr.write(`The app has no alarm ${alarm} for ${name}, so none is raised: add PipelineMonitoring.\n`);
}

async function undoAll({ deployment, found, io }: Stage & { readonly io: CommandIo }, { json }: RehearseOptions) {
  let left = readRehearsals(found);
  const undone = left.map(({ alarm, name, at }) => ({ alarm, name, at })).reverse();
  for (let last = left.at(-1); last !== undefined; last = left.at(-1)) {
    for (const step of last.undo) await takeBack(deployment, step);
    left = left.slice(0, -1);
    writeRehearsals(found, left);
    if (!json) io.stdout.write(`${last.alarm} at ${last.name}: taken back\n`);
  }
  if (json) io.stdout.write(`${JSON.stringify({ undone })}\n`);
  else if (undone.length === 0) io.stdout.write('there is no rehearsal to take back\n');
  return EXIT.ok;
}
