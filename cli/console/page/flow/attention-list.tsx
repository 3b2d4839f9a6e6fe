import { useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { memo } from '../parts/memo.tsx';
import type { Attention } from '../pure/attention.ts';
import { plural } from '../pure/words.ts';

/** The most lines that are shown at first. */
const SHOWN = 6;

/** What needs the attention of an operator now; each line leads to where it is. */
export const AttentionList = memo(({ all }: { readonly all: readonly Attention[] }) => {
  const [isWhole, setWhole] = useState(false);
  if (all.length === 0) {
    return (
      <p class="attention-none">
        <Icon name="fine" /> Nothing needs your attention: all functions run, nothing is parked, no alarm is raised.
      </p>
    );
  }
  const shown = isWhole ? all : all.slice(0, SHOWN);
  return (
    <section class="attention" aria-label="Needs attention">
      <h2>{plural(all.length, 'thing needs', 'things need')} attention</h2>
      <ul>
        {shown.map(({ sign, isUrgent, text, href }) => (
          <li key={sign + text}>
            <a class={isUrgent ? 'urgent' : 'calm'} href={href}>
              <Icon name={sign} /> {text}
            </a>
          </li>
        ))}
      </ul>
      {shown.length < all.length && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          Show all {all.length}
        </button>
      )}
    </section>
  );
});
