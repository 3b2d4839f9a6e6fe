import { Command, Option } from 'commander';
import { quoted } from 'freshet-aws/internal/core/errors';
import { loggingFunction } from '../../clients/logs.ts';
import { withAdvice } from '../../deployment/advice.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { EXIT, UsageError } from '../../errors.ts';
import { pause } from '../../interrupt.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { durationOf } from '../../options/parse.ts';
import { inDeployment, type Work } from '../../work.ts';
import { readLogLine } from '../up/function-logs.ts';
import { createLogTail, type FunctionLine } from './tail.ts';

interface LogsOptions extends DeploymentOptions {
  /** Milliseconds. */
  readonly since: number;
  readonly follow?: boolean;
  readonly errors?: boolean;
  readonly json?: boolean;
}

const DEFAULT_SINCE_MS = 600_000;

/** How often the local cloud is asked for new lines. */
const LOCAL_INTERVAL_MS = 500;

/** CloudWatch Logs answers five requests for lines a second in an account and region (FilterLogEvents). */
const REQUEST_MS = 250;
const MIN_INTERVAL_MS = 2_000;

/** `freshet logs [NAME]`: prints what the functions of a deployment logged. */
export function logsCommand(io: CommandIo): Command {
  const command = new Command('logs')
    .summary('print what the functions logged, and follow it')
    .description(
      'Prints the lines that functions logged, the oldest first: the time, the function and the text. Structured ' +
        'lines are printed as their level, message and fields. Lines of metrics and the START, END and REPORT lines ' +
        'of Lambda are left out.',
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
The local cloud keeps the newest lines of each function: 500,000 characters or more. A line on AWS can appear some
seconds after it was logged.

Exit codes:
  0  the lines are printed; with --follow, ended by Ctrl-C
  2  no function has the name, or the deployment can't be read`;

async function logs({ io, deployment, signal }: Work, name: string | undefined, options: LogsOptions): Promise<number> {
  const functions = await withAdvice(deployment, () => chosenFunctions(deployment, name));
  const tail = createLogTail(functions, await deployment.clients.logs(), Date.now() - options.since);
  const intervalMs = deployment.isLocal ? LOCAL_INTERVAL_MS : Math.max(MIN_INTERVAL_MS, functions.length * REQUEST_MS);
  const print = (line: FunctionLine) => {
    const text = rendered(line, options);
    if (text !== undefined) io.stdout.write(`${text}\n`);
  };
  do {
    for (const line of await withAdvice(deployment, tail)) print(line);
    if (options.follow) await pause(intervalMs, signal);
  } while (options.follow && !signal.aborted);
  return EXIT.ok;
}

async function chosenFunctions(deployment: Deployment, name: string | undefined) {
  const names = await deployment.functionNames();
  const chosen = names.filter((one) => name === undefined || one.toLowerCase().includes(name.toLowerCase()));
  if (chosen.length === 0 && name !== undefined) {
    const known = names.map((one) => `\n  ${one}`).join('') || ' none';
    throw new UsageError(`name: no function's name contains ${quoted(name)}. Functions:${known}`);
  }
  const found = [];
  // One after another: Lambda allows few of these requests a second.
  for (const one of chosen) found.push(await loggingFunction(deployment.clients.functions, one));
  return found;
}

function rendered({ functionName, atMs, line }: FunctionLine, { errors, json }: LogsOptions): string | undefined {
  const entry = readLogLine(line);
  if (entry === undefined || (errors && !entry.isError)) return undefined;
  const time = new Date(atMs).toISOString();
  const { isError, text } = entry;
  if (json) return JSON.stringify({ time, function: functionName, isError, text, line });
  return `${time} ${isError ? '!' : '·'} ${functionName}: ${text.replaceAll('\n', '\n    ')}`;
}
