import { CONSUMERS } from './catalogue.ts';
import { ABSENCES, type Outcome } from './measure-absences.ts';
import type { WaysLoad } from './measure-load.ts';
import { OWNER_STATES, SLOW_MS, type Way } from './plan.ts';
import { loadOf, type Measurements, outcomeOf, readsOf, stalenessOf } from './result.ts';

/** What the page says, in a form that a run can refute. */
export interface Claim {
  readonly text: string;
  readonly holds: (measured: Measurements) => boolean;
}

const COPIES = ['notify', 'carry'] as const satisfies readonly Way[];

/** Of a slow owner's delay, what others may take over of it and still count as not delayed. */
const UNNOTICED_MS = SLOW_MS / 4;

const isComplete = ({ products, newestAfter, stranded }: Outcome) =>
  products > 0 && newestAfter === products && stranded === 0;

/** In the order of the page. */
export const CLAIMS: readonly Claim[] = [
  {
    text: 'with the owner down or hanging, no call is answered, unless the caller keeps answers for such times, and every read of a copy is',
    holds: (measured) =>
      (['hangs', 'down'] as const).every(
        (state) =>
          readsOf(measured, state, 'call').asked > 0 &&
          readsOf(measured, state, 'call').answered === 0 &&
          COPIES.every((way) => isAnswered(readsOf(measured, state, way))),
      ),
  },
  {
    text: 'with the owner up or slow, all three answer every read',
    holds: (measured) => measured.reads.filter(({ state }) => state === 'up' || state === 'slow').every(isAnswered),
  },
  {
    text: "a call takes longer than a read of a copy, and a slow owner's delay on top; reads of copies don't notice",
    holds: (measured) =>
      readsOf(measured, 'up', 'call').byCarried.median > 1 &&
      readsOf(measured, 'slow', 'call').p50Ms >= SLOW_MS &&
      OWNER_STATES.every((state) =>
        COPIES.every((way) => readsOf(measured, state, way).p50Ms - readsOf(measured, 'up', way).p50Ms < UNNOTICED_MS),
      ),
  },
  {
    text: 'a change brings the owner no request by event-carried state, and one from each consumer by notification',
    holds: (measured) =>
      CONSUMERS.every((consumers) => {
        const requests = (way: Way) => loadOf(measured, consumers, way).ownerRequests;
        return (
          requests('carry').byChange + requests('carry').byReads === 0 &&
          requests('notify').byChange === consumers &&
          requests('notify').byReads === 0
        );
      }),
  },
  {
    text: 'calls land on the owner with every read of every consumer',
    holds: (measured) =>
      CONSUMERS.every((consumers) => {
        const { ownerRequests, readsPerChange } = loadOf(measured, consumers, 'call');
        return ownerRequests.byChange === 0 && ownerRequests.byReads === consumers * readsPerChange;
      }),
  },
  {
    text: 'an owner whose reads are slow delays every callback by as much, and events that carry the state by a quarter of that at most',
    holds: (measured) => {
      const [notify, carry] = COPIES.map(
        (way) => stalenessOf(measured, 'slow', way).p50Ms - stalenessOf(measured, 'up', way).p50Ms,
      );
      return notify !== undefined && carry !== undefined && notify >= 0.8 * SLOW_MS && carry <= UNNOTICED_MS;
    },
  },
  {
    text: 'after an absence of the consumer, of the owner, or of its API, all three have the newest versions without anybody doing anything',
    holds: ({ absences }) => absences.length === 3 * ABSENCES.length && absences.every(isComplete),
  },
  {
    text: 'event-carried state brings every change, also of a time when somebody was away; a callback brings what there is by then',
    holds: (measured) =>
      ABSENCES.every((absence) => {
        const { received: events, changes } = outcomeOf(measured, absence, 'carry');
        const { received: answers = 0 } = outcomeOf(measured, absence, 'notify');
        return events === changes && answers > 0 && answers < changes;
      }),
  },
  {
    text: "with the owner's API away while its changes still go out, event-carried state has the newest all the time; no call is answered, and no callback until some time after the API is back",
    holds: (measured) => {
      const [call, notify, carry] = (['call', 'notify', 'carry'] as const).map((way) =>
        outcomeOf(measured, 'api', way),
      );
      return (
        call?.whileAway?.answered === 0 &&
        notify?.whileAway?.newest === 0 &&
        notify.recoveryMs > 0 &&
        carry?.whileAway?.newest === carry?.products &&
        carry?.recoveryMs === 0
      );
    },
  },
  {
    text: 'event-carried state carries the most bytes for a change that nobody reads, HTTP headers of callbacks left out',
    holds: (measured) =>
      CONSUMERS.every((consumers) => {
        const bytes = ({ messages, answers }: WaysLoad['bytes']) => messages + answers;
        return bytes(loadOf(measured, consumers, 'carry').bytes) > bytes(loadOf(measured, consumers, 'notify').bytes);
      }),
  },
  {
    text: 'a read of a copy costs less than a call; a change costs more with a copy than without',
    holds: (measured) =>
      CONSUMERS.every((consumers) =>
        COPIES.every(
          (way) =>
            loadOf(measured, consumers, way).read.perMillion < loadOf(measured, consumers, 'call').read.perMillion &&
            loadOf(measured, consumers, way).change.perMillion > loadOf(measured, consumers, 'call').change.perMillion,
        ),
      ),
  },
];

function isAnswered({ asked, answered }: { readonly asked: number; readonly answered: number }): boolean {
  return asked > 0 && answered === asked;
}

/** The claims that a run refutes. */
export function refuted(measured: Measurements): string[] {
  return CLAIMS.filter(({ holds }) => !holds(measured)).map(({ text }) => text);
}
