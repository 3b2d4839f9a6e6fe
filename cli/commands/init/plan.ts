import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { UsageError } from '../../errors.ts';
import type { Added } from './added.ts';
import { appVariable, withEntryLines } from './entry.ts';
import { withFreshetTransformed } from './jest.ts';
import { type WithPackages, withPackages } from './packages.ts';
import { jsonLike, type Project, type TestRunner } from './project.ts';
import { entryLines, filesOf } from './templates.ts';

/** What `freshet init` writes into an app. */
export interface Plan {
  /** New files: paths in the app's folder with their contents. */
  readonly created: Readonly<Record<string, string>>;
  /** Files that exist, with their new contents. */
  readonly changed: Readonly<Record<string, string>>;
  /** What is left to do by hand, one text for each. */
  readonly byHand: readonly string[];
  /** The script that runs the test, such as `test`. */
  readonly testScript: string;
}

/**
 * Plans the change of an app. Writes nothing.
 *
 * @throws UsageError if a file that would be created exists
 */
export function planOf(project: Project, added: Added, runner: TestRunner): Plan {
  const created = filesOf(added, project, runner);
  const existing = Object.keys(created).filter((file) => existsSync(join(project.folder, file)));
  if (existing.length > 0) {
    throw new UsageError(
      `these files exist, so nothing was written: ${existing.join(', ')}. Choose other names with --owner, --type ` +
        'and --cache, or add the type to these files.',
    );
  }
  const testFile = Object.keys(created).find((file) => file.startsWith('test/')) ?? '';
  const packages = withPackages(project.packageJson, runner, testFile);
  const parts = [
    packagesPlan(project, packages),
    entryPlan(project, added),
    ...(runner === 'jest' ? [jestPlan(project)] : []),
  ];
  return {
    created,
    changed: Object.assign({}, ...parts.map(({ changed }) => changed)),
    byHand: parts.flatMap(({ byHand }) => byHand ?? []),
    testScript: packages.testScript,
  };
}

/** The change of one file, or what to do by hand. */
interface PartOfPlan {
  readonly changed?: Readonly<Record<string, string>>;
  readonly byHand?: string;
}

function packagesPlan({ packageText, isProjen }: Project, { packageJson, added }: WithPackages): PartOfPlan {
  if (!isProjen) return { changed: { 'package.json': jsonLike(packageText, packageJson) } };
  const listed = (versions: Readonly<Record<string, string>>) =>
    Object.entries(versions)
      .map(([name, version]) => `'${name}@${version}'`)
      .join(', ');
  const lines = [
    `project.addDeps(${listed(added.dependencies)});`,
    `project.addDevDeps(${listed(added.devDependencies)});`,
    ...Object.entries(added.scripts).map(([name, command]) => `project.setScript('${name}', '${command}');`),
  ];
  const code = lines.map((line) => `  ${line}`).join('\n');
  return {
    byHand: `projen writes package.json. Add the packages and scripts to the file .projenrc of your app:\n${code}`,
  };
}

function entryPlan({ folder, entry, entryExtension, ...style }: Project, added: Added): PartOfPlan {
  const source = entry === undefined ? undefined : readFileSync(join(folder, entry), 'utf8');
  const variable = source === undefined ? undefined : appVariable(source);
  const from = posix.relative(dirname(entry ?? 'bin/app.ts'), style.sources) || '.';
  const ofEntry = { ...style, extension: entryExtension };
  const lines = entryLines(added, ofEntry, from.startsWith('.') ? from : `./${from}`, variable ?? 'app');
  const text = variable === undefined ? undefined : withEntryLines(source ?? '', lines);
  if (entry !== undefined && text !== undefined) return { changed: { [entry]: text } };
  const where = entry ?? 'the module that creates your CDK app';
  const code = [...lines.imports, ...lines.statements].map((line) => `  ${line}`).join('\n');
  return { byHand: `Add the stacks to ${where}:\n${code}` };
}

function jestPlan({ folder }: Project): PartOfPlan {
  const file = join(folder, 'jest.config.js');
  const text = existsSync(file) ? withFreshetTransformed(readFileSync(file, 'utf8')) : undefined;
  if (text !== undefined) return { changed: { 'jest.config.js': text } };
  return {
    byHand: "Let Jest transform Freshet's packages: see docs/compatibility.md#jest of the package freshet-cli.",
  };
}
