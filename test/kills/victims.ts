import { type Item, itemEntity } from '../../adapters/aws/items.ts';
import { messageGroupId } from '../../core/entity.ts';
import { type AnswerProxy, type Fate, type PassingRequest, startAnswerProxy, type Withheld } from './answer-proxy.ts';
import { type Invocation, wasKilled } from './ledger.ts';
import type { Doom } from './plan.ts';

/** An invocation and its planned kill. */
export interface DoomedInvocation extends Invocation, Doom {
  /** Number of writes that it has sent. */
  requests: number;
  /** Kills the worker. */
  readonly kill: AbortController;
}

/** The proxies between functions and services, and the requests that they withheld. */
export interface Victims {
  readonly tables: AnswerProxy;
  readonly topic: AnswerProxy;
  /** Table or topic to the function that writes to it. It is filled once the names are known. */
  readonly writers: Map<string, string>;
  /** Whether a proxy certainly withholds something from an invocation that still runs. */
  isUnderWay(invocation: DoomedInvocation): boolean;
  /** Whether an invocation was killed while it waited for the withheld answer. */
  isKill(invocation: DoomedInvocation): boolean;
  /** Whether the withheld answer was of a write that had succeeded. */
  isKilledBeforeAnswer(invocation: DoomedInvocation): boolean;
  stop(): Promise<void>;
}

/** Starts the proxies. For each write they look up the planned kill of the invocation that sent it. */
export async function startVictims(invocations: readonly DoomedInvocation[]): Promise<Victims> {
  const senders = new Map<PassingRequest, DoomedInvocation>();
  const writers = new Map<string, string>();

  /** @param group the group of the written item; undefined for the topic, whose relay runs once at a time */
  const decide = (request: PassingRequest, writesTo: string | null, group: string | undefined): Fate => {
    const name = writers.get(writesTo ?? '');
    const invocation = invocations.findLast(
      (one) => one.functionName === name && one.result === undefined && (group === undefined || hasGroup(one, group)),
    );
    if (invocation === undefined || invocation.fate === 'pass') return 'pass';
    const isDue = invocation.requests >= invocation.at && withheldFrom(invocation).length === 0;
    invocation.requests += 1;
    if (!isDue) return 'pass';
    senders.set(request, invocation);
    return invocation.fate;
  };
  const kill = (request: PassingRequest): void => {
    const invocation = senders.get(request);
    if (invocation === undefined || invocation.killedAtMs !== undefined) return;
    invocation.killedAtMs = performance.now();
    invocation.kill.abort();
  };
  const tables = await startAnswerProxy((request) => {
    const { TableName, Item } = JSON.parse(request.body) as { TableName?: string; Item?: Item };
    const isCacheWrite = Item !== undefined && writers.has(TableName ?? '');
    return isCacheWrite ? decide(request, TableName ?? '', messageGroupId(itemEntity(Item))) : 'pass';
  }, kill);
  const topic = await startAnswerProxy(
    (request) => decide(request, new URLSearchParams(request.body).get('TopicArn'), undefined),
    kill,
  );
  const withheldFrom = (invocation: DoomedInvocation): Withheld[] =>
    [...tables.withheld, ...topic.withheld].filter(({ request }) => senders.get(request) === invocation);

  return {
    tables,
    topic,
    writers,
    isUnderWay: (one) => one.result === undefined && withheldFrom(one).some(isCertain),
    isKill: (one) => withheldFrom(one).some((held) => isKilledBy(one, held)),
    isKilledBeforeAnswer: (one) =>
      withheldFrom(one).some((held) => isKilledBy(one, held) && held.answeredAtMs !== undefined),
    async stop() {
      await Promise.all([tables.stop(), topic.stop()]);
    },
  };
}

function hasGroup({ deliveries }: Invocation, group: string): boolean {
  return deliveries.some((delivery) => delivery.group === group);
}

/** Whether the answer is certainly withheld. A write that the service refuses is answered all the same. */
function isCertain({ fate, answeredAtMs }: Withheld): boolean {
  return fate === 'withholdRequest' || answeredAtMs !== undefined;
}

/**
 * Whether the invocation waited for the withheld answer until the kill: the service had answered before, if it was
 * asked, and the connection ended only then. The connection of an earlier worker's late request ends at once, and
 * doesn't count.
 */
function isKilledBy(invocation: DoomedInvocation, held: Withheld): boolean {
  const { killedAtMs } = invocation;
  if (!wasKilled(invocation) || killedAtMs === undefined || !isCertain(held)) return false;
  const { answeredAtMs = killedAtMs, endedAtMs = killedAtMs } = held;
  return answeredAtMs <= killedAtMs && endedAtMs >= killedAtMs;
}
