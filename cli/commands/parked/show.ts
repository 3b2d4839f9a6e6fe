import { Command } from 'commander';
import { decodedBody } from 'freshet-aws/internal/core/decoded-body';
import { printable } from 'freshet-aws/internal/core/entity';
import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';
import { parkedKeyText, parseParkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import { EXIT } from '../../errors.ts';
import { jsonLoss } from '../../exact-json.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { inDeployment, type Work } from '../../work.ts';
import { placesNamed } from './parking-places.ts';
import { checkedKeys } from './select.ts';

/** `freshet parked show NAME KEY`: shows one parked event in full. */
export function showCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('show'))
    .summary('show one event in full')
    .description(
      'Shows one parked or held event: its reason, its times and its whole body, with compressed data as JSON.',
    )
    .argument('<name>', 'cache, owner or queue of facts, such as ordering')
    .argument('<key>', 'GROUP/SEQUENCE as "parked list" prints it')
    .option('--json', 'print the event as JSON, with the body as text as it was received')
    .addHelpText(
      'after',
      `${deploymentHelp(['dynamodb:Query'])}
Exit codes:
  0  the event was shown
  1  something failed
  2  the name is unknown, or the key is invalid
  3  no event has the key`,
    )
    .action(async (name: string, key: string, options: DeploymentOptions & { readonly json?: boolean }) => {
      io.exitCode = await inDeployment(io, options, (work) => show(work, name, key, options.json ?? false));
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
    ['status', status === 'held' ? 'held because its entity is stopped' : 'parked'],
    ['reason', `${reason}: ${explanation}`],
    ['parked', new Date(parkedAtMs).toISOString()],
    ['sent', new Date(message.sentAtMs).toISOString()],
    ['message id', message.messageId],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const head = lines.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`);
  return [...head, '', ...pretty(decodedBody(message.body)).split('\n').map(printable)].join('\n');
}

/** The longest body that is printed with indentation. With it, a deeply nested body would become far too long. */
const MAX_PRETTY_LENGTH = 1_000_000;

/** Indents JSON. Returns any other text unchanged, and JSON that would become too long or would change. */
function pretty(body: string): string {
  try {
    const text = JSON.stringify(JSON.parse(body), undefined, 2);
    return text.length > MAX_PRETTY_LENGTH || jsonLoss(body) !== undefined ? body : text;
  } catch {
    return body;
  }
}
