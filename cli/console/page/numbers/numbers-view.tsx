import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { NumbersDocument, NumbersPart } from '../../api/documents.ts';
import { useFetched } from '../live/fetched.ts';
import { go } from '../live/route.ts';
import { memo } from '../parts/memo.tsx';
import { Failure, Notice } from '../parts/notice.tsx';
import { SearchBox } from '../parts/search-box.tsx';
import { apiPath, type Route } from '../pure/route.ts';
import { firstShownMs } from '../pure/series.ts';
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
  const fetched = useFetched<NumbersDocument>(apiPath('/api/numbers', { minutes: String(minutes) }));
  const { failure, reload } = fetched;
  // Until the figures of another range are there, those of the former one stay, so that the page keeps its place.
  const last = useRef(fetched.document);
  last.current = fetched.document ?? last.current;
  const document = last.current;
  const [text, setText] = useState('');
  // The sections that the reader opened or closed; another range must not change them.
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const toggle = useCallback(
    (title: string, isShown: boolean) => setToggled((before) => new Map([...before, [title, isShown]])),
    [],
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (!window.document.hidden) void reload();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [reload]);
  const part = params.get('part');
  const beginMs = useMemo(() => (document === undefined ? 0 : firstShownMs(document)), [document]);
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
            fromMs={beginMs}
            toMs={document.toMs}
            isShown={toggled.get(one.title) ?? (part === undefined ? index < OPEN : one.title === part)}
            toggle={toggle}
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
  readonly isShown: boolean;
  readonly toggle: (title: string, isShown: boolean) => void;
  /** Whether the address names it, so that the page scrolls to it. */
  readonly isWanted: boolean;
}

const Part = memo(({ part: { title, graphs }, fromMs, toMs, isShown, toggle, isWanted }: PartProps) => {
  return (
    <details
      class="numbers-part"
      open={isShown}
      onToggle={(event) => event.currentTarget.open !== isShown && toggle(title, event.currentTarget.open)}
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
