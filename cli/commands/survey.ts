import { Command } from 'commander';
import { AGAIN, ITEMS, type SurveyNote } from 'freshet-aws/internal/core/adopt/survey-note';
import { mustLookAgain } from 'freshet-aws/internal/core/adopt/suspects';
import type { FoundOwner } from '../deployment/deployment.ts';
import { EXIT, UsageError } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { describeFlow, readFlowStatus } from '../observe/flow-status.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { grouped } from '../output/numbers.ts';
import { startSpinner } from '../output/spinner.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';
import { followRuns } from './follow-run.ts';

interface SurveyOptions extends DeploymentOptions {
  readonly wait: boolean;
  readonly json?: boolean;
}

/** `freshet survey OWNER`: compares the existing table that an owner adopts with the owner's copies, now. */
export function surveyCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('survey'))
    .summary("compare an adopted table with its owner's copies, and mend what differs")
    .description(
      'Runs a survey now, as an owner that adopts an existing table does by itself once a day: all items of the table ' +
        'are compared with their copies, and the copies that differ are mended and published. The work runs in the ' +
        'deployment. Nothing is written to the existing table.',
    )
    .argument('<owner>', 'owner that adopts a table, such as catalogue')
    .option('--no-wait', 'start the survey, and do not wait for its result')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
If a survey is under way, the command follows it. It may have read some items before you started the command.
A survey reads at most surveyRate items a second (a prop of the owner), and waits while a cache lags. What differs is
looked at again before it is mended, after the adopter has copied the changes of the meantime: that takes from ten
seconds to two minutes, and longer while the adopter lags or is stopped.
${deploymentHelp(['dynamodb:GetItem', 'lambda:InvokeFunction'])}
Exit codes:
  0    the copies equal the table, or do now; with --no-wait: the survey runs
  1    some items cannot be published, the survey stands still, or something failed
  2    the owner is unknown, or adopts no table
  130  interrupted; the survey goes on in the deployment`,
    )
    .action(async (owner: string, options: SurveyOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => survey(work, owner, options), 'write');
    });
}

async function survey(work: Work, name: string, options: SurveyOptions): Promise<number> {
  const { io, deployment } = work;
  const { wait, json } = options;
  const owner = deployment.findOwner(name);
  const { surveys } = owner;
  if (surveys === undefined) {
    throw new UsageError(
      `owner: ${name} adopts no existing table, so there is nothing to survey. To compare a cache with its owners: ` +
        typed('reconcile CACHE', options),
    );
  }
  const { startedAtMs, isNew } = await surveys.begin();
  if (!isNew) io.stderr.write(`following the survey that began at ${new Date(startedAtMs).toISOString()}\n`);
  const tell = progressOf(work, owner, options);
  const spinner = startSpinner(io, `surveying the table of ${name}`, { json, again: true });
  const { notes, isStill } = await followRuns<SurveyNote>(work, [name], {
    async read() {
      const note = await surveys.note();
      await tell(note);
      return note;
    },
    // A survey that began later, such as after a deployment, covers what this one was asked for.
    isDone: (note) => note.startedAtMs >= startedAtMs && note.endedAtMs !== undefined,
    isRead: () => false,
    backlog: async () => 0,
    onLook: () => {},
    wait,
  }).finally(() => spinner.stop());
  return conclude(work, name, notes.get(name), isStill, options);
}

function conclude(
  { io, deployment, signal }: Work,
  name: string,
  note: SurveyNote | undefined,
  isStill: boolean,
  options: SurveyOptions,
): number {
  const { wait, json } = options;
  if (json) io.stdout.write(`${JSON.stringify({ owner: name, ...(note && asJson(note)) })}\n`);
  if (note?.endedAtMs !== undefined) {
    if (!json) io.stdout.write(`${name}: ${countsOf(note)}\n`);
    if (note.refused === 0) return EXIT.ok;
    io.stderr.write(`to see why items were set aside: ${typed(`parked list ${name}`, options)}\n`);
    return EXIT.failed;
  }
  if (isStill) io.stderr.write(`the survey stands still. To see why: ${typed('logs surveyor --errors', options)}\n`);
  io.stderr.write(`the survey goes on in ${deployment.place}; to follow it: ${typed(`survey ${name}`, options)}\n`);
  if (signal.aborted) return EXIT.interrupted;
  return wait ? EXIT.failed : EXIT.ok;
}

/** How long a survey may stand before the command looks why, in milliseconds. */
const LOOK_WHY_MS = 5_000;

/** How long a survey may wait for an adopter that keeps up: the adopter's lag, and the surveyor's next invocation. */
const LOOK_AT_ADOPTER_MS = 80_000;

/** Says on standard error which part of a survey runs, and why it waits. Called with each note that is read. */
function progressOf(
  { io, deployment }: Work,
  owner: FoundOwner,
  options: DeploymentOptions,
): (note: SurveyNote | undefined) => Promise<void> {
  let before: SurveyNote | undefined;
  let movedAt = Date.now();
  let hasWaited = false;
  return async (note) => {
    if (note === undefined || note.endedAtMs !== undefined) return;
    if (note.reads !== before?.reads || note.startedAtMs !== before.startedAtMs) {
      io.stderr.write(`${partOf(note)}\n`);
    }
    if (note.seq !== before?.seq) movedAt = Date.now();
    before = note;
    if (hasWaited || Date.now() - movedAt < LOOK_WHY_MS) return;
    if (mustLookAgain(note) && Date.now() - movedAt > LOOK_AT_ADOPTER_MS) {
      hasWaited = true;
      io.stderr.write(`the survey waits for the adopter. To see whether it runs: ${typed('status', options)}\n`);
      return;
    }
    const flow = await readFlowStatus(deployment, owner, Date.now());
    hasWaited = flow.state !== 'normal';
    if (hasWaited) io.stderr.write(`the survey waits until the flow state is normal: ${describeFlow(flow)}\n`);
  };
}

/** The part of a survey that runs, and what the parts before it have found. */
function partOf(note: SurveyNote): string {
  const { reads, compared, suspects } = note;
  if (reads === AGAIN) {
    const differ = grouped(suspects?.entities.length ?? 0);
    return `${grouped(compared)} compared, ${differ} to look at again once the adopter has copied the latest changes`;
  }
  const part = reads === ITEMS ? 'reading the items of the table' : `comparing the copies of ${reads}`;
  return compared === 0 ? part : `${part}, after ${countsOf(note)}`;
}

/** What a survey has compared and changed: `1,200 compared, 1 mended, 2 deleted`. */
function countsOf({ compared, mended, deleted, refused }: SurveyNote): string {
  const changes = [
    [mended, 'mended'],
    [deleted, 'deleted'],
    [refused, 'set aside'],
  ] as const;
  const some = changes.filter(([count]) => count > 0).map(([count, what]) => `${grouped(count)} ${what}`);
  return [`${grouped(compared)} compared`, ...(some.length === 0 ? ['no difference'] : some)].join(', ');
}

function asJson({ startedAtMs, endedAtMs, isFirst, compared, mended, deleted, refused }: SurveyNote): object {
  const endedAt = endedAtMs === undefined ? null : new Date(endedAtMs).toISOString();
  return { startedAt: new Date(startedAtMs).toISOString(), endedAt, isFirst, compared, mended, deleted, refused };
}
