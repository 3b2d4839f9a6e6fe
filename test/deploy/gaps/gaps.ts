import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clients } from '../clients.ts';
import type { Difference } from '../settings.ts';
import { readTemplates } from '../template.ts';
import type { Gaps } from './gap.ts';
import { LOCALSTACK } from './localstack.ts';
import { MINISTACK } from './ministack.ts';

/** The gaps of the emulator at the endpoint of the environment; undefined for another endpoint, and for AWS. */
export async function gapsOfEndpoint(): Promise<Gaps | undefined> {
  const endpoint = process.env.AWS_ENDPOINT_URL;
  if (endpoint === undefined) return undefined;
  for (const gaps of [MINISTACK, LOCALSTACK]) {
    const answer = await fetch(new URL(gaps.health, endpoint), { signal: AbortSignal.timeout(30_000) });
    if (answer.ok) return gaps;
  }
  return undefined;
}

/** Sets the dropped properties. Returns a line to print for each of them. */
export async function fillGaps(gaps: Gaps, clients: Clients, dropped: readonly Difference[]): Promise<string[]> {
  const lines: string[] = [];
  for (const { type, property, set } of gaps.dropped) {
    const found = dropped.filter((one) => one.resource.type === type && one.property === property);
    if (set !== undefined) for (const { resource, expected } of found) await set(clients, resource, expected);
    const done = set === undefined ? 'dropped' : 'dropped, so set afterwards';
    if (found.length > 0) lines.push(`${type} ${property}: ${done} (${found.length})`);
  }
  return lines;
}

/** Whether a property differs only because an emulator can't have it. */
export function isKnownGap(gaps: Gaps | undefined, { resource: { type }, property }: Difference): boolean {
  return (gaps?.dropped ?? []).some((gap) => gap.type === type && gap.property === property && gap.set === undefined);
}

/** Replaces the refused resources in the assembly's templates. The suite doesn't test the replacements. */
export function replaceRefused({ refused }: Gaps, assembly: string): string[] {
  const counts = new Map<string, number>();
  for (const [stack, template] of readTemplates(assembly)) {
    const Resources = Object.fromEntries(
      Object.entries(template.Resources).flatMap(([id, resource]) => {
        for (const { what, instead } of refused) {
          const replacement = instead(resource);
          if (replacement === undefined) continue;
          counts.set(what, (counts.get(what) ?? 0) + 1);
          return replacement === 'left out' ? [] : [[id, replacement]];
        }
        return [[id, resource]];
      }),
    );
    writeFileSync(join(assembly, `${stack}.template.json`), JSON.stringify({ ...template, Resources }, undefined, 1));
  }
  return [...counts].map(([what, count]) => `${what} (${count})`);
}
