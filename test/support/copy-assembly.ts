import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A resource of a template; what is changed in it is written back. */
export interface ChangeableResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Record<string, unknown>;
}

interface Template {
  Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
}

/** Copies a cloud assembly: the same bundles, with templates whose resources were changed. */
export function copyAssembly(assembly: string, folder: string, change: (resource: ChangeableResource) => void): string {
  cpSync(assembly, folder, { recursive: true });
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.template.json'))) {
    const path = join(folder, file);
    const stack = file.slice(0, -'.template.json'.length);
    const template = JSON.parse(readFileSync(path, 'utf8')) as Template;
    for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
      if (Properties !== undefined) change({ stack, logicalId, type: Type, properties: Properties });
    }
    writeFileSync(path, JSON.stringify(template));
  }
  return folder;
}
