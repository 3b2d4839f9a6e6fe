import { METRIC_NAMESPACE } from 'freshet-aws/internal/core/metrics';
import type { LocalCloud } from 'freshet-local/internal/cloud';
import { fixedIn } from './fixed.ts';
import type { Measured, Question } from './report.ts';
import { rolesIn } from './roles.ts';
import { inCloud, sampleEvents, sampleMinute, sampleSize } from './sample.ts';
import { sampleSelfRepair, selfRepairSize, untilFilled } from './self-repair.ts';

/** How to follow and how to end a measurement. */
export interface MeasureOptions {
  readonly onProgress: (step: string) => void;
  /** Ends the measurement. It stops everything and then throws the signal's reason. */
  readonly signal: AbortSignal;
}

/**
 * Runs a sample of the events in one local cloud, and in another a minute without events, a backfill and an inventory.
 * Both run at the same time, because the first report of a cache waits for five seconds.
 *
 * @param assembly the folder of the cloud assembly, with as many caches as the question asks for
 */
export async function measure(assembly: string, question: Question, options: MeasureOptions): Promise<Measured> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const { caches, bytes } = question;
  const size = sampleSize(caches, bytes);
  const names = new Set<string>();
  const events = inCloud(assembly, signal, async (cloud, ledger) => {
    await untilFilled(cloud, caches, signal);
    const sample = await sampleEvents(cloud, ledger, { ...size, ...options, bytes, signal });
    noteMetrics(cloud, names);
    return { ...sample, roleOf: rolesIn(cloud) };
  });
  const quiet = inCloud(assembly, signal, async (cloud, ledger) => {
    await untilFilled(cloud, caches, signal);
    const minute = await sampleMinute(cloud, ledger);
    // Before the backfill, whose outcomes are no metrics of a usual month.
    noteMetrics(cloud, names);
    const entities = selfRepairSize(bytes);
    options.onProgress(`filling and checking a cache with ${entities} entities`);
    return { minute, selfRepair: await sampleSelfRepair(cloud, ledger, { caches, bytes, entities, signal }) };
  });
  // If one fails, the other ends too, and both have stopped before the error is thrown.
  for (const run of [events, quiet]) run.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled([events, quiet]);
  const [sample, rest] = await Promise.all([events, quiet]);
  return { ...sample, ...rest, customMetrics: names.size, fixed: fixedIn(assembly) };
}

function noteMetrics({ metrics }: LocalCloud, names: Set<string>): void {
  for (const { namespace, metric, dimensions } of metrics.snapshot()) {
    if (namespace === METRIC_NAMESPACE) names.add(JSON.stringify([metric, dimensions]));
  }
}
