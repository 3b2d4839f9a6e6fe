import { useEffect, useRef, useState } from 'preact/hooks';

/** How long after the last key a search begins. */
const PAUSE_MS = 200;

/**
 * The text of a search field whose search is part of the address. A change of the text changes the address a moment
 * later, and a change of the address, such as by the back button, changes the text.
 *
 * @param inAddress the text that the address has
 * @param search writes a text into the address
 */
export function useSearchText(inAddress: string, search: (text: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(inAddress);
  const newest = useRef(search);
  newest.current = search;
  // A key that was pressed while the address changed must not be lost, so a text of this field is not read back.
  const own = useRef(inAddress);
  useEffect(() => {
    if (own.current === inAddress) return;
    own.current = inAddress;
    setText(inAddress);
  }, [inAddress]);
  useEffect(() => {
    if (text === inAddress) return undefined;
    const timer = setTimeout(() => {
      own.current = text;
      newest.current(text);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, inAddress]);
  return [text, setText];
}
