import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { EXIT, UsageError } from './errors.ts';
import { expectedVersionOption } from './expected-version.ts';
import { connect, ownerOf } from './session.ts';

interface PutOptions {
  readonly data?: string;
  readonly file?: string;
  readonly expectedVersion?: number;
  readonly json?: boolean;
}

/** `freshet put TYPE ID`: commits an entity's full state at its owner. */
export function putCommand(): Command {
  return new Command('put')
    .summary('commit the full state of an entity at its owner')
    .description(
      'Commits the full state of an entity at its owner, as its next version. An equal state changes nothing.',
    )
    .argument('<type>', 'entity type, such as Country')
    .argument('<id>', 'entity id, such as FR: any script, up to 1,024 bytes')
    .option('--data <json>', 'the state as JSON')
    .option('--file <path>', 'a file that holds the state as JSON; - is standard input')
    .addOption(expectedVersionOption('commit only if the entity is at this version; 0: it must never have existed'))
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Without --data and --file the state is read from standard input.

Examples:
  $ npm run -s freshet -- put Currency TST --data '{"name":"Test","number":"963","digits":2,"countries":[]}'
  $ npm run -s freshet -- put Country FR --file france.json --expected-version 1

Exit codes: 0 committed or unchanged, 2 refused and nothing written, 1 something failed.`,
    )
    .action(async (type: string, id: string, options: PutOptions) => {
      process.exitCode = await put(type, id, options);
    });
}

async function put(type: string, id: string, options: PutOptions): Promise<number> {
  const session = await connect();
  try {
    const { owner, boundary } = ownerOf(session, type);
    const { expectedVersion } = options;
    const result = await owner.put(type, id, parseState(await stateText(options)), { expectedVersion });
    const line = `${boundary.name}: ${type}/${id} ${result.outcome}, version ${result.version}`;
    process.stdout.write(`${options.json ? JSON.stringify(result) : line}\n`);
    return EXIT.ok;
  } finally {
    session.close();
  }
}

async function stateText({ data, file }: PutOptions): Promise<string> {
  if (data !== undefined && file !== undefined) throw new UsageError('give either --data or --file, not both.');
  if (data !== undefined) return data;
  if (file !== undefined && file !== '-') {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new UsageError(`--file: cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? 'failed'}.`);
    }
  }
  if (process.stdin.isTTY) {
    throw new UsageError("no state given. Pass it as --data '{...}', --file state.json, or on standard input.");
  }
  return text(process.stdin);
}

function parseState(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'unreadable';
    throw new UsageError(`state: not JSON: ${problem}. Given: ${json.length} characters. Allowed: one JSON object.`);
  }
}
