import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A stack to write: its resources, its outputs, and the stacks that it depends on. */
export interface FixtureStack {
  Resources: Record<string, object>;
  Outputs?: Record<string, object>;
  Conditions?: Record<string, object>;
  dependencies?: string[];
}

const folders: string[] = [];

/** Creates a temporary folder. `removeFolders` removes it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-test-'));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
}

/** Writes a cloud assembly into a temporary folder. @param bundles asset name to folder */
export function writeAssembly(stacks: Record<string, FixtureStack>, bundles: Record<string, string> = {}): string {
  const folder = temporaryFolder();
  const artifacts: Record<string, object> = {};
  for (const [name, { dependencies = [], ...template }] of Object.entries(stacks)) {
    const templateFile = `${name}.template.json`;
    writeFileSync(join(folder, templateFile), JSON.stringify(template));
    artifacts[`${name}.assets`] = { type: 'cdk:asset-manifest', properties: { file: `${name}.assets.json` } };
    artifacts[name] = {
      type: 'aws:cloudformation:stack',
      properties: { templateFile },
      dependencies: [...dependencies, `${name}.assets`],
    };
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ version: '55.0.0', artifacts }));
  for (const [name, source] of Object.entries(bundles)) {
    mkdirSync(join(folder, `asset.${name}`));
    cpSync(source, join(folder, `asset.${name}`), { recursive: true });
  }
  return folder;
}
