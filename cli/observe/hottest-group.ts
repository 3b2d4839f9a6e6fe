import { hottestGroupsRule } from 'freshet-aws/internal/core/monitoring-names';
import { topContributor } from '../clients/insight-report.ts';
import type { Deployment, FoundCache } from '../deployment/deployment.ts';

/** The span of the hottest group. */
const HOTTEST_MS = 5 * 60_000;

/** A message group, and its events in the batches in which it was the hottest. */
export interface HottestGroup {
  readonly group: string;
  readonly events: number;
}

/**
 * The group with the most events in the last minutes; null if there were no events, or if no Contributor Insights rule
 * counts them.
 */
export async function readHottestGroup(
  { clients }: Pick<Deployment, 'clients'>,
  { deployed }: Pick<FoundCache, 'deployed'>,
  nowMs: number,
): Promise<HottestGroup | null> {
  const span = { fromMs: nowMs - HOTTEST_MS, toMs: nowMs, periodSeconds: 60 };
  const top = await topContributor(clients.metrics, hottestGroupsRule(deployed.projector), span);
  return top === undefined ? null : { group: top.key, events: top.value };
}
