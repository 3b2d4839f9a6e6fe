import { useEffect, useState } from 'preact/hooks';
import type { NumbersDocument, NumbersPart } from '../../api/documents.ts';
import { useFetched } from '../live/fetched.ts';
import { go } from '../live/route.ts';
import { memo } from '../parts/memo.tsx';
import { Failure, Notice } from '../parts/notice.tsx';
import { SearchBox } from '../parts/search-box.tsx';
import { apiPath, type Route } from '../pure/route.ts';
import { clock } from '../pure/words.ts';
import { Alarms } from './alarms.tsx';
import { Chart } from './chart.tsx';

/** The ranges that can be chosen, in minutes. */
const RANGES = [5, 15, 60, 180] as const;
/** How often the figures are read again. */
const REFRESH_MS = 5_000;
/** Parts that are open at first. */
const OPEN = 2;

/** The figures of the dashboard over time, and the alarms. */
export function NumbersView({ params }: Route) {
  const minutes = RANGES.find((one) => String(one) === params.get('minutes')) ?? 15;
  const { document, failure, reload } = useFetched<NumbersDocument>(
    apiPath('/api/numbers', { minutes: String(minutes) }),
  );
  const [text, setText] = useState('');
  useEffect(() => {
    const timer = setInterval(() => {
      if (!window.document.hidden) void reload();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [reload]);
  const part = params.get('part');
  const wanted = text.trim().toLowerCase();
  const parts = (document?.parts ?? []).filter(({ title }) => title.toLowerCase().includes(wanted));
  const others = Object.fromEntries(params);
  return (
    <>
      <Alarms changes={document?.alarmChanges ?? []} chosen={params.get('alarm')} />
      <div class="tools">
        <fieldset class="switch">
          <legend>Last</legend>
          {RANGES.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="minutes"
                checked={one === minutes}
                onChange={() => go('numbers', { ...others, minutes: String(one) }, true)}
              />
              <span>{one} min</span>
            </label>
          ))}
        </fieldset>
        <SearchBox label="Search owners, caches and sagas" value={text} change={setText} />
        {document !== undefined && (
          <span class="dim">
            until {clock(new Date(document.toMs).toISOString(), Date.now())}, one value each {document.periodSeconds} s
          </span>
        )}
      </div>
      {failure !== undefined && (
        <Failure title="The figures could not be read" message={failure} retry={() => void reload()} />
      )}
      {document === undefined && failure === undefined && <Notice kind="loading" title="Reading the figures …" />}
      {document !== undefined && parts.length === 0 && (
        <Notice kind="empty" title={text === '' ? 'There are no figures yet' : 'No part has this name'}>
          <p>{text === '' ? 'The first figures come about a minute after the start.' : 'Choose another text.'}</p>
        </Notice>
      )}
      {document !== undefined &&
        parts.map((one, index) => (
          <Part
            key={one.title}
            part={one}
            fromMs={document.fromMs}
            toMs={document.toMs}
            isOpen={part === undefined ? index < OPEN : one.title === part}
            isWanted={one.title === part}
          />
        ))}
    </>
  );
}

interface PartProps {
  readonly part: NumbersPart;
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether it is open at first. */
  readonly isOpen: boolean;
  /** Whether the address names it, so that the page scrolls to it. */
  readonly isWanted: boolean;
}

const Part = memo(({ part: { title, graphs }, fromMs, toMs, isOpen, isWanted }: PartProps) => {
  const [isShown, setShown] = useState(isOpen);
  return (
    <details
      class="numbers-part"
      open={isShown}
      onToggle={(event) => setShown(event.currentTarget.open)}
      ref={(element) => {
        if (isWanted && element instanceof HTMLElement && element.dataset.seen === undefined) {
          element.dataset.seen = '';
          element.scrollIntoView({ block: 'start' });
        }
      }}
    >
      <summary>
        <h2>{title}</h2>
      </summary>
      {isShown && (
        <div class="charts">
          {graphs.map((graph) => (
            <Chart key={graph.title} graph={graph} fromMs={fromMs} toMs={toMs} />
          ))}
        </div>
      )}
    </details>
  );
});
