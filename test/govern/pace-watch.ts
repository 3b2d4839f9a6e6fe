import type { FlowDecision } from '../../core/govern/decide.ts';
import type { Scenario } from './scenario.ts';
import { LIFETIME_MS } from './writers.ts';

/** A time for which writes were paced and more were wanted. */
export interface PaceWindow {
  readonly seconds: number;
  readonly admitted: number;
  /** What the paces of the time allow, at least and at most: leases that were taken at the pace before are still used. */
  readonly least: number;
  readonly most: number;
}

/** How much more than the pace must be wanted, so that it is the pace that limits. */
const ENOUGH = 1.3;

/** Shorter times say nothing. */
const MIN_SECONDS = 30;

/** Watches, second by second, what is admitted while it is paced. */
export function createPaceWatch({ maxWaitMs }: Pick<Scenario, 'maxWaitMs'>) {
  // Until all have read a decision, and those who wait by the one before it are through.
  const lagMs = LIFETIME_MS + maxWaitMs + 1_000;
  const found: PaceWindow[] = [];
  /** The paces that may be in use, newest last; undefined for a state that isn't paced. */
  let paces: { readonly fromMs: number; readonly pace: number | undefined }[] = [];
  let open: { fromMs: number; admittedBefore: number; least: number; most: number } | undefined;
  let validUntilMs = 0;
  let last = { nowMs: 0, accepted: 0 };

  const close = (): void => {
    if (open !== undefined && last.nowMs - open.fromMs >= MIN_SECONDS * 1000) {
      const { fromMs, admittedBefore, least, most } = open;
      found.push({ seconds: (last.nowMs - fromMs) / 1000, admitted: last.accepted - admittedBefore, least, most });
    }
    open = undefined;
  };

  return {
    decided(nowMs: number, { state, pacePerSecond, ...decision }: FlowDecision): void {
      validUntilMs = decision.validUntilMs;
      paces.push({ fromMs: nowMs, pace: state === 'paced' ? pacePerSecond : undefined });
    },
    second(nowMs: number, { wantedRate, accepted }: { readonly wantedRate: number; readonly accepted: number }): void {
      const current = paces.findLastIndex(({ fromMs }) => fromMs <= nowMs - lagMs);
      if (current > 0) paces = paces.slice(current);
      const used = paces.map(({ pace }) => pace);
      const known = used.filter((pace) => pace !== undefined);
      const isPaced =
        current >= 0 &&
        nowMs < validUntilMs &&
        known.length === used.length &&
        wantedRate >= ENOUGH * Math.max(...known);
      if (!isPaced) close();
      else if (open === undefined) open = { fromMs: nowMs, admittedBefore: accepted, least: 0, most: 0 };
      else {
        open.least += Math.min(...known);
        open.most += Math.max(...known);
      }
      last = { nowMs, accepted };
    },
    windows: (): readonly PaceWindow[] => found,
  };
}
