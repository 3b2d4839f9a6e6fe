import { useState } from 'preact/hooks';
import type { Difference } from '../pure/json-diff.ts';
import { LongText } from './text.tsx';

interface DiffTableProps {
  readonly label: string;
  /** The headings of the two sides. */
  readonly before: string;
  readonly after: string;
  readonly differences: readonly Difference[];
}

/** More differences are shown only if the reader asks for them. */
const SHOWN = 40;

/** Differences, field by field. */
export function DiffTable({ label, before, after, differences }: DiffTableProps) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? differences : differences.slice(0, SHOWN);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard
    <section class="table-scroll" tabIndex={0} aria-label={label}>
      <table class="diff">
        <thead>
          <tr>
            <th scope="col">field</th>
            <th scope="col">{before}</th>
            <th scope="col">{after}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ path, before: was, after: is, kind }) => (
            <tr key={path} class={`diff-${kind}`}>
              <th scope="row">{path === '' ? 'whole state' : <LongText text={path} />}</th>
              <td>{was === undefined ? <span class="dim">missing</span> : <LongText text={was} />}</td>
              <td>{is === undefined ? <span class="dim">missing</span> : <LongText text={is} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < differences.length && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          Show all {differences.length} differences
        </button>
      )}
    </section>
  );
}
