import { useMemo, useState } from 'preact/hooks';
import { isWithin, type JsonLine, type JsonNode, type JsonPath, jsonLines, parseExact } from '../pure/exact-json.ts';
import { beginning, quotedVisibly } from '../pure/visible.ts';
import { plural, size } from '../pure/words.ts';
import { LongText } from './text.tsx';

/** Longer strings in a value are cut until the reader asks for all. */
const CUT = 2_000;
/** More lines are shown only if the reader asks for them. */
const LINES = 400;

interface JsonViewProps {
  readonly text: string;
  /** What the text is, for screen readers. */
  readonly label: string;
  /** The path of the part that is wrong. */
  readonly wrong?: JsonPath | null;
  /** Why it is wrong. */
  readonly because?: string;
}

/** A JSON text, indented; any other text as it is. */
export function JsonView({ text, label, wrong = null, because = '' }: JsonViewProps) {
  const root = useMemo(() => parseExact(text), [text]);
  const lines = useMemo(() => (root === undefined ? [] : jsonLines(root)), [root]);
  const [isWhole, setWhole] = useState(false);
  if (root === undefined) {
    return (
      <section class="json" aria-label={label}>
        <pre>
          <LongText text={text} />
        </pre>
      </section>
    );
  }
  const isWrong = lines.map(({ path }) => wrong !== null && isWithin(path, wrong));
  const first = isWrong.indexOf(true);
  const shown = isWhole ? lines : lines.slice(0, Math.max(LINES, first + 20));
  return (
    <section class="json" aria-label={label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide text is scrolled with the keyboard */}
      <pre tabIndex={0}>
        {shown.map((line, index) => (
          <Line key={index} line={line} isWrong={isWrong[index] ?? false} because={index === first ? because : ''} />
        ))}
      </pre>
      {wrong !== null && first === -1 && <p class="json-missing">The wrong part isn't in the message: {because}</p>}
      {shown.length < lines.length && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          Show all {plural(lines.length, 'line')}
        </button>
      )}
    </section>
  );
}

function Line({ line, isWrong, because }: { line: JsonLine; isWrong: boolean; because: string }) {
  const { depth, key, value, hasComma } = line;
  const content = (
    <>
      {'  '.repeat(depth)}
      {key !== undefined && (
        <>
          <Quoted text={key} name="json-key" />
          {': '}
        </>
      )}
      {typeof value === 'string' ? value : <Value node={value} />}
      {hasComma && ','}
    </>
  );
  if (!isWrong) return <span class="line">{content}</span>;
  return (
    <mark class="line">
      {content}
      {because !== '' && <span class="because">▲ wrong: {because}</span>}
    </mark>
  );
}

function Value({ node }: { readonly node: JsonNode }) {
  if (node.kind === 'string') return <Quoted text={node.value} name="json-string" />;
  if (node.kind === 'plain') return <span class="json-plain">{node.source}</span>;
  return <>{node.kind === 'object' ? '{}' : '[]'}</>;
}

function Quoted({ text, name }: { readonly text: string; readonly name: string }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? text : beginning(text, CUT);
  return (
    <>
      <bdi class={name}>{quotedVisibly(shown)}</bdi>
      {shown.length < text.length && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          … show all ({size(text.length)})
        </button>
      )}
    </>
  );
}
