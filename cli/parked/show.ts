import { Command } from 'commander';
import { printable } from 'freshet-aws/internal/core/entity';
import type { SetAside } from 'freshet-aws/internal/core/project/ports';
import { asideKey, parseAsideKey } from 'freshet-aws/internal/core/repair/parked-filter';
import { EXIT } from '../errors.ts';
import { inSession } from '../in-session.ts';
import type { Session } from '../session.ts';
import { placesNamed } from './places.ts';
import { checkedKeys } from './select.ts';

/** `freshet parked show NAME KEY`: one event that was set aside, in full. */
export function showCommand(): Command {
  return new Command('show')
    .summary('show one event in full')
    .description('Shows one event that is set aside: when, why, and its whole body.')
    .argument('<name>', 'cache, owner or queue of facts, such as ordering')
    .argument('<key>', 'GROUP/SEQUENCE as "parked list" prints it')
    .option('--json', 'print it as JSON, with the body as the text that it is')
    .addHelpText(
      'after',
      '\nExit codes: 0 shown, 3 nothing is set aside under the key, 2 no such name, or no key, 1 something failed.',
    )
    .action(async (name: string, key: string, options: { json?: boolean }) => {
      process.exitCode = await inSession((session) => show(session, name, key, options.json ?? false));
    });
}

async function show(session: Session, name: string, key: string, json: boolean): Promise<number> {
  const [checked = ''] = checkedKeys([key]);
  for (const { aside } of placesNamed(session, name)) {
    const group = await aside.ofGroup(parseAsideKey(checked)?.groupId ?? '');
    const found = group.find(({ message }) => asideKey(message) === checked);
    if (found === undefined) continue;
    process.stdout.write(`${json ? JSON.stringify(asJson(found)) : describe(found)}\n`);
    return EXIT.ok;
  }
  process.stderr.write(`${name}: nothing is set aside under ${printable(key)}\n`);
  return EXIT.absent;
}

function asJson({ message, setAsideAtMs, entity, ...aside }: SetAside): object {
  const { groupId, sequenceNumber, messageId, sentAtMs, body } = message;
  return {
    key: asideKey(message),
    ...{ groupId, sequenceNumber, messageId },
    ...aside,
    type: entity?.type ?? null,
    id: entity?.id ?? null,
    sentAt: new Date(sentAtMs).toISOString(),
    setAsideAt: new Date(setAsideAtMs).toISOString(),
    body,
  };
}

function describe({ message, entity, version, status, reason, explanation, setAsideAtMs }: SetAside): string {
  const lines: [string, string][] = [
    ['key', asideKey(message)],
    ['entity', entity === undefined ? 'unknown' : `${entity.type}/${entity.id}`],
    ['version', version === undefined ? 'unknown' : String(version)],
    ['status', status === 'held' ? 'held behind a stopped entity' : 'parked'],
    ['reason', `${reason}: ${explanation}`],
    ['set aside', new Date(setAsideAtMs).toISOString()],
    ['sent', new Date(message.sentAtMs).toISOString()],
    ['message id', message.messageId],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const head = lines.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`);
  return [...head, '', ...pretty(message.body).split('\n').map(printable)].join('\n');
}

/** Longest text that indentation may make of a body: deep nesting is indented without bounds. */
const MAX_PRETTY_LENGTH = 1_000_000;

/** JSON by lines; anything else, and what would become endless, as it is. */
function pretty(body: string): string {
  try {
    const text = JSON.stringify(JSON.parse(body), undefined, 2);
    return text.length > MAX_PRETTY_LENGTH ? body : text;
  } catch {
    return body;
  }
}
