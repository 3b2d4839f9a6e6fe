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

const isComplete = ({ products, newestAfter }: Outcome) => newestAfter === products;

/** In the order of the page. */
export const CLAIMS: readonly Claim[] = [
  {
    text: 'with the owner down or hanging, no call is answered, and every read of a copy is',
    holds: (measured) =>
      (['hangs', 'down'] as const).every(
        (state) =>
          readsOf(measured, state, 'call').answered === 0 &&
          COPIES.every((way) => readsOf(measured, state, way).answered === readsOf(measured, state, way).asked),
      ),
  },
  {
    text: 'with the owner up or slow, all three answer every read',
    holds: (measured) =>
      measured.reads
        .filter(({ state }) => state === 'up' || state === 'slow')
        .every((one) => one.answered === one.asked),
  },
  {
    text: "a call takes longer than a read of a copy, and a slow owner's delay on top; reads of copies don't notice",
    holds: (measured) =>
      readsOf(measured, 'up', 'call').byCarried.median > 1 &&
      readsOf(measured, 'slow', 'call').p50Ms >= SLOW_MS &&
      OWNER_STATES.every((state) => COPIES.every((way) => readsOf(measured, state, way).p50Ms < SLOW_MS / 2)),
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
    text: 'a slow owner delays every callback, and no event that carries the state',
    holds: (measured) =>
      stalenessOf(measured, 'slow', 'notify').p50Ms >= SLOW_MS &&
      stalenessOf(measured, 'slow', 'carry').p50Ms < stalenessOf(measured, 'slow', 'notify').p50Ms,
  },
  {
    text: 'after an absence of the consumer or of the whole owner, all three have the newest versions without anybody doing anything',
    holds: ({ absences }) => absences.filter(({ absence }) => absence !== 'api').every(isComplete),
  },
  {
    text: 'event-carried state brings every change, also of a time when the consumer or the owner was away; a callback brings what there is by then',
    holds: (measured) =>
      ABSENCES.every((absence) => {
        const { received, changes } = outcomeOf(measured, absence, 'carry');
        return received === changes && (outcomeOf(measured, absence, 'notify').received ?? 0) <= changes;
      }),
  },
  {
    text: "with the owner's API away while its changes still go out, only event-carried state has them at once; callbacks end as messages that wait for an operator, who can move them back",
    holds: (measured) => {
      const [call, notify, carry] = (['call', 'notify', 'carry'] as const).map((way) =>
        outcomeOf(measured, 'api', way),
      );
      return (
        call?.whileAway?.answered === 0 &&
        notify?.whileAway?.newest === 0 &&
        notify.stranded > 0 &&
        notify.newestAfter === 0 &&
        notify.newestAfterRedrive === notify.products &&
        carry?.whileAway?.newest === carry?.products &&
        carry?.stranded === 0
      );
    },
  },
  {
    text: 'event-carried state carries the most bytes for a change that nobody reads',
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

/** The claims that a run refutes. */
export function refuted(measured: Measurements): string[] {
  return CLAIMS.filter(({ holds }) => !holds(measured)).map(({ text }) => text);
}
