import { CONSUMERS } from './catalogue.ts';
import { ABSENCES, type Outcome } from './measure-absences.ts';
import type { WaysLoad } from './measure-load.ts';
import { OWNER_STATES, SLOW_MS, type Way } from './plan.ts';
import { loadOf, type Measurements, outcomeOf, readsOf, stalenessOf } from './result.ts';

/** A statement of the page, with a check that a run can fail. */
export interface Claim {
  readonly text: string;
  readonly holds: (measured: Measurements) => boolean;
}

const COPIES = ['notify', 'carry'] as const satisfies readonly Way[];

/** How much of a slow owner's delay another way may show and still count as not delayed. */
const UNNOTICED_MS = SLOW_MS / 4;

const isComplete = ({ products, newestAfter, stranded }: Outcome) =>
  products > 0 && newestAfter === products && stranded === 0;

/** All claims, in the order of the page. */
export const CLAIMS: readonly Claim[] = [
  {
    text:
      'While the owner is down or hangs, no call is answered, unless the caller keeps earlier answers. ' +
      'Every read of a copy is answered.',
    holds: (measured) =>
      (['hangs', 'down'] as const).every(
        (state) =>
          readsOf(measured, state, 'call').asked > 0 &&
          readsOf(measured, state, 'call').answered === 0 &&
          COPIES.every((way) => isAnswered(readsOf(measured, state, way))),
      ),
  },
  {
    text: 'While the owner is up or slow, all three ways answer every read.',
    holds: (measured) => measured.reads.filter(({ state }) => state === 'up' || state === 'slow').every(isAnswered),
  },
  {
    text: 'A call takes longer than a read of a copy. A slow owner makes calls slower, but not the reads of a copy.',
    holds: (measured) =>
      readsOf(measured, 'up', 'call').byCarried.median > 1 &&
      readsOf(measured, 'slow', 'call').p50Ms >= SLOW_MS &&
      OWNER_STATES.every((state) =>
        COPIES.every((way) => readsOf(measured, state, way).p50Ms - readsOf(measured, 'up', way).p50Ms < UNNOTICED_MS),
      ),
  },
  {
    text:
      'With event-carried state, a change causes no request to the owner. ' +
      'With notification, a change causes one request by each consumer.',
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
    text: 'With calls, every read of every consumer is a request to the owner.',
    holds: (measured) =>
      CONSUMERS.every((consumers) => {
        const { ownerRequests, readsPerChange } = loadOf(measured, consumers, 'call');
        return ownerRequests.byChange === 0 && ownerRequests.byReads === consumers * readsPerChange;
      }),
  },
  {
    text:
      "While the owner's reads are slow, a callback is delayed by about the duration of such a read. " +
      'Event-carried state is delayed by a quarter of this duration at most.',
    holds: (measured) => {
      const [notify, carry] = COPIES.map(
        (way) => stalenessOf(measured, 'slow', way).p50Ms - stalenessOf(measured, 'up', way).p50Ms,
      );
      return notify !== undefined && carry !== undefined && notify >= 0.8 * SLOW_MS && carry <= UNNOTICED_MS;
    },
  },
  {
    text:
      "After an absence of the consumer, of the owner or of the owner's API, " +
      'all three ways get the newest versions without an operator.',
    holds: ({ absences }) => absences.length === 3 * ABSENCES.length && absences.every(isComplete),
  },
  {
    text:
      'Event-carried state brings every change, including those made during an absence. ' +
      'A callback brings only the state at the time of the call.',
    holds: (measured) =>
      ABSENCES.every((absence) => {
        const { received: events, changes } = outcomeOf(measured, absence, 'carry');
        const { received: answers = 0 } = outcomeOf(measured, absence, 'notify');
        return events === changes && answers > 0 && answers < changes;
      }),
  },
  {
    text:
      "While only the owner's API is away, event-carried state always has the newest version. " +
      'No call is answered, and callbacks succeed only some time after the API is back.',
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
    text:
      'For a change that nobody reads, event-carried state sends the most bytes. ' +
      'The HTTP headers of callbacks are not counted.',
    holds: (measured) =>
      CONSUMERS.every((consumers) => {
        const bytes = ({ messages, answers }: WaysLoad['bytes']) => messages + answers;
        return bytes(loadOf(measured, consumers, 'carry').bytes) > bytes(loadOf(measured, consumers, 'notify').bytes);
      }),
  },
  {
    text: 'A read of a copy costs less than a call. A change costs more with a copy than without one.',
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

/** The texts of the claims that a run refutes. */
export function refuted(measured: Measurements): string[] {
  return CLAIMS.filter(({ holds }) => !holds(measured)).map(({ text }) => text);
}
