import type { SQSEvent } from 'aws-lambda';
import type { Side } from './sides.ts';

/** The time and CPU of a side in each round. */
export interface Measured {
  readonly name: string;
  readonly elapsedMs: readonly number[];
  /** CPU of this process, without the engine. Not meaningful while a delay proxy runs in the process. */
  readonly cpuMs: readonly number[];
}

/**
 * Runs all sides in each round, each time beginning with another side, so that slow moments of the machine affect all
 * sides alike. Round 0 is for warming up and isn't counted.
 *
 * @param round returns the batches of a round, which are the same for every side
 */
export async function interleaved(
  sides: readonly Side[],
  rounds: number,
  round: (number: number) => readonly SQSEvent[],
): Promise<Measured[]> {
  const elapsedMs = sides.map((): number[] => []);
  const cpuMs = sides.map((): number[] => []);
  for (let number = 0; number <= rounds; number += 1) {
    const batches = round(number);
    for (let turn = 0; turn < sides.length; turn += 1) {
      const position = (number + turn) % sides.length;
      const side = sides[position];
      if (side === undefined) continue;
      const took = await run(side, batches);
      if (number === 0) continue;
      elapsedMs[position]?.push(took.elapsedMs);
      cpuMs[position]?.push(took.cpuMs);
    }
  }
  return sides.map(({ name }, position) => {
    return { name, elapsedMs: elapsedMs[position] ?? [], cpuMs: cpuMs[position] ?? [] };
  });
}

async function run(side: Side, batches: readonly SQSEvent[]): Promise<{ elapsedMs: number; cpuMs: number }> {
  let elapsedMs = 0;
  let cpuMicroseconds = 0;
  for (const batch of batches) {
    await side.ready?.();
    const cpu = process.cpuUsage();
    const begin = performance.now();
    await side.apply(batch);
    elapsedMs += performance.now() - begin;
    const { user, system } = process.cpuUsage(cpu);
    cpuMicroseconds += user + system;
  }
  return { elapsedMs, cpuMs: cpuMicroseconds / 1000 };
}

/** The figures of a side, by its name. */
export function measuredOf(measured: readonly Measured[], name: string): Measured {
  const found = measured.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no side is named ${name}`);
  return found;
}
