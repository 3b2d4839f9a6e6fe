import { useState } from 'preact/hooks';
import { visibleText } from '../pure/visible.ts';
import { Icon } from './icon.tsx';

/** A command with a button that copies it. */
export function Command({ text }: { readonly text: string }) {
  const [state, setState] = useState<'ready' | 'copied' | 'failed'>('ready');
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setState('copied'),
      () => setState('failed'),
    );
  return (
    <span class="command">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long command is scrolled with the keyboard */}
      <code tabIndex={0}>{visibleText(text)}</code>
      <button type="button" class="button small" onClick={copy}>
        <Icon name={state === 'copied' ? 'fine' : 'copy'} />
        {state === 'ready' ? 'Copy' : state === 'copied' ? 'Copied' : 'Select it to copy'}
        <span class="hidden"> {visibleText(text)}</span>
      </button>
    </span>
  );
}
