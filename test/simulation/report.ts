import { availableParallelism, cpus } from 'node:os';
import { CHECKS } from './checks.ts';
import { FAULT_KINDS, floorOf, missedFloors } from './faults.ts';
import type { Smallest } from './shrink.ts';
import type { Failure, Summary } from './summary.ts';

/** Most failing seeds that are listed. */
const MAX_LISTED = 10;

/** Whether a run has no violation and missed no floor. */
export function isGood(summary: Summary): boolean {
  return summary.failures.length === 0 && missedFloors(summary.counts, summary.seeds).length === 0;
}

/** The result of a run as JSON. */
export function asJson(summary: Summary, seconds: number) {
  const { failures, ...rest } = summary;
  return {
    ...rest,
    seconds,
    seedsPerSecond: summary.seeds / seconds,
    violations: failures.length,
    failures,
    missedFloors: missedFloors(summary.counts, summary.seeds),
    machine: { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version },
  };
}

/** The result of a run as text. */
export function asText(summary: Summary, seconds: number): string {
  const { seeds, published, settled, virtualMs, counts, failures } = summary;
  const number = (value: number) => Math.round(value).toLocaleString('en');
  const days = number(virtualMs / 86_400_000);
  const head = [
    `${number(seeds)} seeds in ${seconds.toFixed(1)} s: ${number(seeds / seconds)} seeds/s`,
    `${number(published)} events published, ${number(settled)} outcomes of messages in caches, ${days} virtual days`,
    `${failures.length} violations`,
    '',
    'fault             count     floor',
  ];
  const lines = FAULT_KINDS.map((kind) => {
    const floor = floorOf(kind, seeds);
    const isMissed = counts[kind] < floor ? '   missed' : '';
    return `${kind.padEnd(16)}${number(counts[kind]).padStart(9)}${number(floor).padStart(9)}${isMissed}`;
  });
  return [...head, ...lines, ...failureLines(failures)].join('\n');
}

function failureLines(failures: readonly Failure[]): string[] {
  if (failures.length === 0) return [];
  const listed = failures.slice(0, MAX_LISTED).flatMap(({ seed, check, message }) => {
    return [`  --seed ${seed}   ${check}: ${CHECKS[check]}`, `      ${message.slice(0, 300)}`];
  });
  const more = failures.length > MAX_LISTED ? [`  and ${failures.length - MAX_LISTED} more`] : [];
  return ['', 'Failing seeds; each flag replays one with a trace:', ...listed, ...more];
}

/** The smallest run that still fails, and the command that repeats it. */
export function smallestText(seed: number, { commits, entityCount, without, violation, runs }: Smallest): string {
  const flags = [`--seed ${seed} --commits ${commits} --entities ${entityCount}`];
  if (without.length > 0) flags.push(`--without ${without.join(',')}`);
  return [
    `Smallest (of ${runs} runs): ${violation.check}: ${violation.message.slice(0, 300)}`,
    `  npm run simulate -- ${flags.join(' ')}`,
  ].join('\n');
}
