import { COMBINATIONS, type Combination, UNSUPPORTED, type Unsupported } from './combinations.ts';

/** The rows of docs/compatibility.md that the job proves. */
export const ROWS: readonly string[] = [...COMBINATIONS.map(rowOf), ...UNSUPPORTED.map(unsupportedRow)];

function rowOf(given: Combination): string {
  const { name, app, module, moduleResolution, run, location, test, packages, typescript = 7 } = given;
  const options = Object.entries(given.options ?? {}).map(([option, value]) => `\`${option}: ${String(value)}\``);
  const settings = [`\`${module}\`, \`${moduleResolution}\``, ...options].join(', ');
  return row([name, app, settings, String(typescript), `\`${run}\``, `\`${location}\``, test, packages]);
}

function unsupportedRow({ name, setting, message, instead }: Unsupported): string {
  return row([name, setting, `\`${message}\``, instead]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
