import { Command } from 'commander';
import { printable } from 'freshet-aws/internal/core/entity';
import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';
import { parkedKeyText, parseParkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import { EXIT } from '../../errors.ts';
import { jsonLoss } from '../../exact-json.ts';
import type { CommandIo } from '../../io.ts';
import { inDeployment, type Work } from '../../work.ts';
import { placesNamed } from './parking-places.ts';
import { checkedKeys } from './select.ts';

/** `freshet parked show NAME KEY`: one parked event in full. */
export function showCommand(io: CommandIo): Command {
  return new Command('show')
    .summary('show one event in full')
    .description('Shows one parked or held event: its reason, its times and its whole body.')
    .argument('<name>', 'cache, owner or queue of facts, such as ordering')
    .argument('<key>', 'GROUP/SEQUENCE as "parked list" prints it')
    .option('--json', 'print the event as JSON, with the body as text')
    .addHelpText(
      'after',
      '\nExit codes: 0 shown, 3 no event has the key, 2 unknown name, or not a key, 1 something failed.',
    )
    .action(async (name: string, key: string, options: { json?: boolean }) => {
      io.exitCode = await inDeployment(io, {}, (work) => show(work, name, key, options.json ?? false));
    });
}

async function show({ io, deployment }: Work, name: string, key: string, json: boolean): Promise<number> {
  const [checked = ''] = checkedKeys([key]);
  for (const { parked } of placesNamed(deployment, name)) {
    const group = await parked.ofGroup(parseParkedKey(checked)?.groupId ?? '');
    const found = group.find(({ message }) => parkedKeyText(message) === checked);
    if (found === undefined) continue;
    io.stdout.write(`${json ? JSON.stringify(asJson(found)) : describe(found)}\n`);
    return EXIT.ok;
  }
  io.stderr.write(`${name}: no parked event has the key ${printable(key)}\n`);
  return EXIT.absent;
}

function asJson({ message, parkedAtMs, entity, ...event }: ParkedEvent): object {
  const { groupId, sequenceNumber, messageId, sentAtMs, body } = message;
  return {
    key: parkedKeyText(message),
    groupId,
    sequenceNumber,
    messageId,
    ...event,
    type: entity?.type ?? null,
    id: entity?.id ?? null,
    sentAt: new Date(sentAtMs).toISOString(),
    setAsideAt: new Date(parkedAtMs).toISOString(),
    body,
  };
}

function describe({ message, entity, version, status, reason, explanation, parkedAtMs }: ParkedEvent): string {
  const lines: [string, string][] = [
    ['key', parkedKeyText(message)],
    ['entity', entity === undefined ? 'unknown' : `${entity.type}/${entity.id}`],
    ['version', version === undefined ? 'unknown' : String(version)],
    ['status', status === 'held' ? 'held behind a stopped entity' : 'parked'],
    ['reason', `${reason}: ${explanation}`],
    ['parked', new Date(parkedAtMs).toISOString()],
    ['sent', new Date(message.sentAtMs).toISOString()],
    ['message id', message.messageId],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const head = lines.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`);
  return [...head, '', ...pretty(message.body).split('\n').map(printable)].join('\n');
}

/** The longest body that is printed with indentation. A deeply nested body would become endless. */
const MAX_PRETTY_LENGTH = 1_000_000;

/** JSON with indentation. Any other text, and JSON that would become endless or change, is returned unchanged. */
function pretty(body: string): string {
  try {
    const text = JSON.stringify(JSON.parse(body), undefined, 2);
    return text.length > MAX_PRETTY_LENGTH || jsonLoss(body) !== undefined ? body : text;
  } catch {
    return body;
  }
}
