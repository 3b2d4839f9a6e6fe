import { useState } from 'preact/hooks';
import { beginning, visibleParts } from '../pure/visible.ts';
import { size } from '../pure/words.ts';

/** Longer texts are cut until the reader asks for all. */
const CUT = 2_000;
/** Longer identifiers are cut in lists. */
const CUT_ID = 120;

/** A text of an event: isolated from the direction of the texts around it, with hidden characters as codes. */
export function EventText({ text }: { readonly text: string }) {
  return (
    <bdi>
      {visibleParts(text).map((part) =>
        part.kind === 'text' ? (
          part.text
        ) : (
          <span class="code-point" title={part.name}>
            {part.text}
          </span>
        ),
      )}
    </bdi>
  );
}

/** An identifier of an event in a fixed-width font. In full if `isWhole`. */
export function Ident({ text, isWhole = false }: { readonly text: string; readonly isWhole?: boolean }) {
  const shown = isWhole ? text : beginning(text, CUT_ID);
  return (
    <span class="ident">
      <EventText text={shown} />
      {shown.length < text.length && '…'}
    </span>
  );
}

/** A text that may be long: cut, with a button that shows all. */
export function LongText({ text }: { readonly text: string }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? text : beginning(text, CUT);
  return (
    <>
      <EventText text={shown} />
      {shown.length < text.length && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          … show all ({size(text.length)})
        </button>
      )}
    </>
  );
}
