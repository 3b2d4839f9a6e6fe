import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A resource of a template. Changes to its properties are written to the copy of the template. */
export interface ChangeableResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Record<string, unknown>;
}

interface Template {
  Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
  Outputs?: Record<string, { Value: unknown }>;
}

/**
 * Copies a cloud assembly and changes the resources of the copied templates. The bundles stay the same.
 *
 * @param contractsIn the folder that the outputs' paths of contracts start from; the copy's paths are absolute.
 *   Default: unchanged
 */
export function copyAssembly(
  assembly: string,
  folder: string,
  change: (resource: ChangeableResource) => void,
  { contractsIn }: { readonly contractsIn?: string } = {},
): string {
  cpSync(assembly, folder, { recursive: true });
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.template.json'))) {
    const path = join(folder, file);
    const stack = file.slice(0, -'.template.json'.length);
    const template = JSON.parse(readFileSync(path, 'utf8')) as Template;
    for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
      if (Properties !== undefined) change({ stack, logicalId, type: Type, properties: Properties });
    }
    for (const output of Object.values(template.Outputs ?? {})) {
      if (contractsIn !== undefined) output.Value = withAbsoluteContracts(output.Value, contractsIn);
    }
    writeFileSync(path, JSON.stringify(template));
  }
  return folder;
}

/** @param value of an output: intrinsic functions around parts of a JSON text */
function withAbsoluteContracts(value: unknown, folder: string): unknown {
  const text = JSON.stringify(value);
  const changed = text.replace(
    /(\\"contracts\\":\\")(.+?)(\\")/,
    (_, before, path, after) => before + join(folder, path) + after,
  );
  return JSON.parse(changed);
}

/** The interval of the caches' reports in tests. CloudWatch takes it as a period of a metric. */
const REPORT_INTERVAL_SECONDS = 10;

/**
 * Has the caches' report functions work with a short interval. Their waits are parts of it, and take many seconds
 * with the minute that is deployed.
 */
export function reportOften({ properties }: Pick<ChangeableResource, 'properties'>): void {
  const { Variables } = (properties.Environment ?? {}) as { Variables?: Record<string, unknown> };
  if (Variables?.REPORT_QUEUES !== undefined) Variables.INTERVAL_SECONDS = String(REPORT_INTERVAL_SECONDS);
}
