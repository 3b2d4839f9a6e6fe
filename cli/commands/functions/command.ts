import { Command } from 'commander';
import { functionNames, isStopped, startFunction, stopFunction } from '../../clients/functions.ts';
import { inLocalCloud } from '../../deployment/only-local.ts';
import { EXIT } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { typed } from '../../output/typed.ts';
import { chooseFunction } from './choose.ts';

interface SwitchOptions {
  readonly json?: boolean;
}

const NAME = "the function's name or a part of it, or the path of its construct, such as Ordering/Cache/Projector";

const HELP = `
The command works on the local cloud only. On AWS, use the AWS command line: aws lambda put-function-concurrency and
delete-function-concurrency.

Exit codes:
  0  the function is in the wanted state, also if it was before
  1  something failed
  2  no function or several functions have the name, or no local cloud runs`;

/** `freshet stop NAME`: stops a function of the local cloud. */
export function stopCommand(io: CommandIo): Command {
  return switchCommand(io, 'stop')
    .summary('stop a function of the local cloud')
    .description(
      'Stops a function, as a reserved concurrency of 0 does on AWS. Direct invocations fail with ' +
        'TooManyRequestsException. Messages stay in their queue, and records stay in their stream. The function ' +
        'stays stopped until you start it.',
    );
}

/** `freshet start NAME`: lets a stopped function of the local cloud run again. */
export function startCommand(io: CommandIo): Command {
  return switchCommand(io, 'start')
    .summary('start a stopped function of the local cloud')
    .description(
      'Lets a stopped function run again. It then processes what waits in its queue or stream. The command removes ' +
        "the function's reserved concurrency, also one that the template sets.",
    );
}

function switchCommand(io: CommandIo, verb: 'stop' | 'start'): Command {
  return new Command(verb)
    .argument('<name>', NAME)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (given: string, options: SwitchOptions) => {
      io.exitCode = await inLocalCloud(io, (deployment) =>
        switchFunction(io, deployment.clients.functions, verb, given, options),
      );
    });
}

async function switchFunction(
  { stdout }: CommandIo,
  client: Parameters<typeof isStopped>[0],
  verb: 'stop' | 'start',
  given: string,
  { json }: SwitchOptions,
): Promise<number> {
  const name = chooseFunction(await functionNames(client), given);
  const changed = (await isStopped(client, name)) !== (verb === 'stop');
  if (changed) await (verb === 'stop' ? stopFunction : startFunction)(client, name);
  const state = verb === 'stop' ? 'stopped' : 'running';
  if (json) stdout.write(`${JSON.stringify({ function: name, state, changed })}\n`);
  else stdout.write(`${name} ${changed ? 'is' : 'was already'} ${state}\n`);
  if (!json && verb === 'stop') stdout.write(`To start it again: ${typed(`start ${name}`)}\n`);
  return EXIT.ok;
}
