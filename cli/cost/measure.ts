import { METRIC_NAMESPACE } from 'freshet-aws/internal/core/metrics';
import type { LocalCloud } from 'freshet-local/internal/cloud';
import { fixedIn } from './fixed.ts';
import type { Measured, Question } from './report.ts';
import { rolesIn } from './roles.ts';
import { inCloud, sampleEvents, sampleMinute, sampleSize } from './sample.ts';

/** How measuring tells what it does, and how it is ended. */
export interface MeasureOptions {
  readonly onProgress: (step: string) => void;
  /** Throws its reason once it is aborted, when all is stopped. */
  readonly signal: AbortSignal;
}

/**
 * Runs a sample of the events and, beside it, a minute without any, each in a local cloud of its own. Beside, since the first report of a cache
 * waits for five seconds.
 *
 * @param assembly of the app with as many caches
 */
export async function measure(assembly: string, question: Question, options: MeasureOptions): Promise<Measured> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const size = sampleSize(question.caches, question.bytes);
  const names = new Set<string>();
  const events = inCloud(assembly, signal, async (cloud, ledger) => {
    const sample = await sampleEvents(cloud, ledger, { ...size, ...options, bytes: question.bytes, signal });
    noteMetrics(cloud, names);
    return { ...sample, roleOf: rolesIn(cloud) };
  });
  const quiet = inCloud(assembly, signal, async (cloud, ledger) => {
    const minute = await sampleMinute(cloud, ledger);
    noteMetrics(cloud, names);
    return minute;
  });
  // One that failed ends the other, and both have stopped before anybody hears of it.
  for (const run of [events, quiet]) run.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled([events, quiet]);
  const [sample, minute] = await Promise.all([events, quiet]);
  return { ...sample, minute, customMetrics: names.size, fixed: fixedIn(assembly) };
}

function noteMetrics({ metrics }: LocalCloud, names: Set<string>): void {
  for (const { namespace, metric, dimensions } of metrics.snapshot()) {
    if (namespace === METRIC_NAMESPACE) names.add(JSON.stringify([metric, dimensions]));
  }
}
