import type { FlowDecision } from '../../core/govern/decide.ts';
import type { Scenario } from './scenario.ts';
import { LIFETIME_MS } from './writers.ts';

/** A period in which writes were paced and more writes were wanted than the pace allows. */
export interface PaceWindow {
  readonly seconds: number;
  readonly admitted: number;
  /**
   * The minimum and maximum of admitted writes by the paces of the period. Leases of an earlier pace may still be used.
   */
  readonly least: number;
  readonly most: number;
}

/** The wanted rate must be at least this factor above the pace, so that the pace limits the writes. */
const ENOUGH = 1.3;

/** Minimum length of a period. */
const MIN_SECONDS = 30;

export type PaceWatch = ReturnType<typeof createPaceWatch>;

/** Measures each second the writes that are admitted while they are paced. */
export function createPaceWatch({ maxWaitMs }: Pick<Scenario, 'maxWaitMs'>) {
  // After this time all writers have read a decision, and writes that waited by the previous one have ended.
  const lagMs = LIFETIME_MS + maxWaitMs + 1_000;
  const found: PaceWindow[] = [];
  /** The paces that may be in use, newest last; undefined for a state other than paced. */
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
