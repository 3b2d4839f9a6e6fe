import { ResourceNotFoundException } from '@aws-sdk/client-lambda';
import { Command, Option } from 'commander';
import { printable } from 'freshet-aws/internal/core/entity';
import { quoted } from 'freshet-aws/internal/core/errors';
import { type LoggingFunction, loggingFunction } from '../../clients/logs.ts';
import { withAdvice } from '../../deployment/advice.ts';
import { EXIT, isDenied, UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { durationOf } from '../../options/parse.ts';
import { inDeployment, type Work } from '../../work.ts';
import { indentedText, readLogLine } from '../up/function-logs.ts';
import { leftOut, readLines } from './read-lines.ts';
import type { FunctionLine } from './tail.ts';

interface LogsOptions extends DeploymentOptions {
  /** Milliseconds. */
  readonly since: number;
  readonly follow?: boolean;
  readonly errors?: boolean;
  readonly json?: boolean;
}

const DEFAULT_SINCE_MS = 600_000;

/** `freshet logs [NAME]`: prints what the functions of a deployment logged. */
export function logsCommand(io: CommandIo): Command {
  const command = new Command('logs')
    .summary('print what the functions logged, and follow it')
    .description(
      'Prints the lines that functions logged, the oldest first: the time, the function and the text. Structured ' +
        'lines are printed as their level, message and fields, and control characters as \\u and their code. Lines ' +
        'of metrics and the START, END and REPORT lines of Lambda are left out.',
    )
    .argument(
      '[name]',
      'print only the functions whose names contain this text, ignoring case; default: all functions',
    );
  return withDeploymentOptions(command)
    .addOption(
      new Option('--since <duration>', 'how far to go back')
        .argParser(durationOf('--since'))
        .default(DEFAULT_SINCE_MS, '10m'),
    )
    .option('-f, --follow', 'print new lines until Ctrl-C')
    .option('--errors', 'print errors only')
    .option('--json', 'print each line as JSON: time, function, isError, text and the line as it was logged')
    .addHelpText('after', HELP)
    .action(async (name: string | undefined, options: LogsOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => logs(work, name, options));
    });
}

const HELP = `${deploymentHelp(['cloudformation:ListStackResources', 'lambda:GetFunctionConfiguration', 'logs:FilterLogEvents'])}
The local cloud keeps the newest lines of each function: 2 million characters or more. A line on AWS can appear some
seconds after it was logged. With --follow, it is then printed after newer lines.

On AWS, lines are printed in the order of their times, each as soon as all functions are read up to its time. CloudWatch
Logs allows five requests a second, so many functions or a long time take a while. A function whose log you may not read
is named on standard error and left out. With --follow, a request that is throttled or gets no answer from AWS is
repeated.

Exit codes:
  0    the lines are printed; with --follow, ended by Ctrl-C
  2    no function has the name, the deployment can't be read, or you may read no function's log
  130  interrupted before all lines were printed`;

/** Prints the lines of the functions of a deployment. @returns the exit code */
async function logs(work: Work, name: string | undefined, options: LogsOptions): Promise<number> {
  const { io, deployment, signal } = work;
  const { since, follow = false } = options;
  await withAdvice(deployment, async () => {
    const functions = await chosenFunctions(work, name);
    await readLines(work, functions, { sinceMs: Math.max(0, Date.now() - since), follow }, (lines) => {
      for (const line of lines) {
        const text = rendered(line, options);
        if (text !== undefined) io.stdout.write(`${text}\n`);
      }
    });
  });
  return signal.aborted && !follow ? EXIT.interrupted : EXIT.ok;
}

/** The functions that a name selects. Functions that can't be read are left out; throws if none can be read. */
async function chosenFunctions({ io, deployment, signal }: Work, name: string | undefined) {
  const names = await deployment.functionNames();
  const chosen = names.filter((one) => name === undefined || one.toLowerCase().includes(name.toLowerCase()));
  if (chosen.length === 0 && name !== undefined) {
    const known = names.map((one) => `\n  ${one}`).join('') || ' none';
    throw new UsageError(`name: no function's name contains ${quoted(name)}. Functions:${known}`);
  }
  const found: LoggingFunction[] = [];
  const failed: { readonly name: string; readonly error: unknown }[] = [];
  // One after another: Lambda allows few of these requests a second.
  for (const one of chosen) {
    if (signal.aborted) break;
    try {
      found.push(await loggingFunction(deployment.clients.functions, one));
    } catch (error) {
      if (!isDenied(error) && !(error instanceof ResourceNotFoundException)) throw error;
      failed.push({ name: one, error });
    }
  }
  const [first] = failed;
  if (first === undefined) return found;
  if (found.length === 0) throw first.error;
  const left = failed.map((one) => one.name);
  io.stderr.write(leftOut(left, first.error));
  return found;
}

function rendered({ functionName, atMs, line }: FunctionLine, { errors, json }: LogsOptions): string | undefined {
  const entry = readLogLine(line);
  if (entry === undefined || (errors && !entry.isError)) return undefined;
  const time = new Date(atMs).toISOString();
  const { isError, text } = entry;
  // JSON leaves the control characters from U+007F to U+009F as they are.
  if (json) return printable(JSON.stringify({ time, function: functionName, isError, text, line }));
  return `${time} ${isError ? '!' : '·'} ${functionName}: ${indentedText(text)}`;
}
