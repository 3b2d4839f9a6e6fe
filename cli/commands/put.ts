import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { entityName } from 'freshet-aws/internal/core/entity';
import { MAX_STATE_BYTES } from 'freshet-aws/internal/core/state';
import type { Deployment } from '../deployment/deployment.ts';
import { EXIT, UsageError } from '../errors.ts';
import { jsonLoss } from '../exact-json.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { commitOptions, FLOW_CONTROL_HELP, type WriteOptions, withWriteOptions } from '../options/write-options.ts';
import { typed } from '../output/typed.ts';
import { decodeUtf8, utf8Problem } from '../utf8.ts';
import { withDeployment } from '../work.ts';
import { writeOnce } from '../write-once.ts';

interface PutOptions extends WriteOptions, DeploymentOptions {
  readonly data?: string;
  readonly file?: string;
}

/** The most bytes to read: four times the largest state, to leave room for escapes and white space. */
const MAX_INPUT_BYTES = 4 * MAX_STATE_BYTES;

const NO_STATE = "no state given. Pass it as --data '{...}', --file state.json, or on standard input.";

/** `freshet put TYPE ID`: commits an entity's full state at its owner. */
export function putCommand(io: CommandIo): Command {
  const command = new Command('put')
    .summary('commit the full state of an entity at its owner')
    .description(
      "Commits the full state of an entity at its owner, as the entity's next version. If the entity already has " +
        'this state, nothing changes.',
    )
    .argument('<type>', 'entity type, such as Country')
    .argument(
      '<id>',
      'entity id, such as FR: Unicode text of up to 1,024 bytes; if the id begins with a dash, put -- before it',
    )
    .option('--data <json>', 'the state as JSON')
    .option('--file <path>', 'a file with the state as JSON; - is standard input');
  withDeploymentOptions(command);
  return withWriteOptions(command, 'commit only if the entity is at this version; with 0, only if it has never existed')
    .addHelpText(
      'after',
      `
Without --data and --file, the command reads the state from standard input.
${FLOW_CONTROL_HELP}
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:UpdateItem'])}
Examples:
  $ ${typed(`put Currency TST --data '{"name":"Test","number":"963","digits":2,"countries":[]}'`)}
  $ ${typed('put Country FR --file france.json --expected-version 1')}

Exit codes:
  0    the state is committed, or the entity already had it
  1    something failed
  2    the input is invalid or was refused; nothing was written
  75   a cache lags, and nothing was written: try again later
  130  interrupted while waiting; nothing was written`,
    )
    .action(async (type: string, id: string, options: PutOptions) => {
      io.exitCode = await withDeployment(io, options, (deployment) => put(io, deployment, type, id, options), 'write');
    });
}

async function put(
  io: CommandIo,
  deployment: Deployment,
  type: string,
  id: string,
  options: PutOptions,
): Promise<number> {
  const { owner, name } = await deployment.ownerOf(type);
  const state = parseState(await stateText(io, options));
  return writeOnce(
    io,
    async (signal) => {
      const result = await owner.put(type, id, state, commitOptions(options, signal));
      const line = `${name}: ${entityName(result.entity)} ${result.outcome}, version ${result.version}`;
      io.stdout.write(`${options.json ? JSON.stringify(result) : line}\n`);
      return EXIT.ok;
    },
    options,
  );
}

async function stateText({ cwd, stdin }: CommandIo, { data, file }: PutOptions): Promise<string> {
  if (data !== undefined && file !== undefined)
    throw new UsageError('--data and --file are both given. Pass only one of them.');
  if (data !== undefined) return data;
  if (file !== undefined && file !== '-') {
    try {
      return await readText(createReadStream(resolve(cwd, file)));
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`--file: cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? 'failed'}.`);
    }
  }
  if (stdin.isTTY) throw new UsageError(NO_STATE);
  return readText(stdin);
}

async function readText(input: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_INPUT_BYTES) {
      throw new UsageError(`state: the input is too long. Allowed: at most ${MAX_INPUT_BYTES} bytes of JSON.`);
    }
  }
  const decoded = decodeUtf8(Buffer.concat(chunks));
  if ('text' in decoded) return decoded.text.replace(/^\uFEFF/, '');
  throw new UsageError(
    `state: ${utf8Problem(decoded.badByte)}. Given: ${bytes} bytes. Allowed: one JSON object in UTF-8.`,
  );
}

function parseState(json: string): unknown {
  if (json.trim() === '') throw new UsageError(NO_STATE);
  let state: unknown;
  try {
    state = JSON.parse(json);
  } catch (error) {
    // The message quotes the input, whose control characters could change the terminal.
    const problem = error instanceof Error ? error.message.replace(/\p{Cc}/gu, ' ') : 'unreadable';
    throw new UsageError(`state: not JSON: ${problem}. Given: ${json.length} characters. Allowed: one JSON object.`);
  }
  const loss = jsonLoss(json);
  if (loss === undefined) return state;
  throw new UsageError(`state${loss.path && `.${loss.path}`}: ${loss.problem}.`);
}
