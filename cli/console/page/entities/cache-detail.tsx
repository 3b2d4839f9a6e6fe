import { useEffect, useMemo } from 'preact/hooks';
import type { CachedCopyDocument, EntityDocument, WhyDocument } from '../../api/documents.ts';
import { run, useMay } from '../live/actions.ts';
import { useFetched } from '../live/fetched.ts';
import { Command } from '../parts/copy.tsx';
import { DiffTable } from '../parts/diff-table.tsx';
import { Icon } from '../parts/icon.tsx';
import { JsonView } from '../parts/json-view.tsx';
import { EventText } from '../parts/text.tsx';
import { isReleased } from '../pure/command-result.ts';
import { parseExact } from '../pure/exact-json.ts';
import { differencesOfCopy } from '../pure/json-diff.ts';
import { apiPath, routeTo } from '../pure/route.ts';
import { clock, stalenessWords } from '../pure/words.ts';

interface CacheDetailProps {
  readonly document: EntityDocument;
  readonly cache: CachedCopyDocument;
  readonly expect: (version: number) => void;
}

/** The copy of one cache: why it is as it is, what mends it, and how it differs from the owner's. */
export function CacheDetail({ document, cache, expect }: CacheDetailProps) {
  const { type, id, owner } = document;
  const mayRelease = useMay('release');
  const { copy, fields } = cache;
  const release = async () => {
    const input = { cache: cache.cache, type, id, drop: false };
    const answer = await run(`Release ${type} ${id} in ${cache.cache}`, 'release', input);
    // Only a released entity catches up.
    if (answer.kind === 'document' && isReleased(answer.document.result)) expect(owner?.version ?? 0);
  };
  return (
    <section class="cache-detail" aria-label={`Copy of ${cache.cache}`}>
      <h3>{cache.cache}</h3>
      <p class="explanation">
        <EventText text={cache.explanation} />
      </p>
      <p class="dim">
        {copy === null
          ? 'no version'
          : `version ${copy.version}, changed ${clock(copy.changedAt, Date.parse(document.at))}`}
        {' · '}
        {stalenessWords(cache.stalenessSeconds)} · type {cache.readiness} ·{' '}
        {fields === null ? 'keeps the whole state' : `keeps ${fields.join(', ')}`}
      </p>
      {cache.isStopped && (
        <div class="buttons">
          <a class="button" href={routeTo('parked', { at: cache.cache, by: 'entity' })}>
            <Icon name="parked" /> Show its parked and held events
          </a>
          {mayRelease && (
            <button type="button" class="button primary" onClick={() => void release()}>
              <Icon name="start" /> Release: replay the held events
            </button>
          )}
        </div>
      )}
      <Why document={document} cache={cache} />
      <Differences document={document} cache={cache} />
    </section>
  );
}

function Why({ document, cache }: Pick<CacheDetailProps, 'document' | 'cache'>) {
  const { type, id, owner } = document;
  const {
    document: why,
    failure,
    reload,
  } = useFetched<WhyDocument>(apiPath('/api/why', { cache: cache.cache, type, id }));
  useEffect(() => void reload(), [cache.verdict, cache.copy?.version, owner?.version]);
  if (failure !== undefined) return <p class="tone-text-bad">The timeline could not be read: {failure}</p>;
  if (why === undefined) return <p class="dim">Reading the timeline …</p>;
  return (
    <>
      <ol class="why" aria-label="The way into this cache">
        {why.steps.map(({ name, text, state }) => (
          <li key={name} class={`why-${state}`}>
            <span class="why-mark">
              <Icon name={state === 'fine' ? 'fine' : state === 'wrong' ? 'wrong' : 'unread'} />
              <span class="hidden">{state}</span>
            </span>
            <strong>{name}</strong>
            <span>
              <EventText text={text} />
            </span>
          </li>
        ))}
      </ol>
      {why.mend.length > 0 && (
        <div class="mend">
          <h4>What mends it</h4>
          <ol>
            {why.mend.map((step) => (
              <li key={JSON.stringify(step)}>
                {'command' in step ? <Command text={step.command} /> : <EventText text={step.text} />}
              </li>
            ))}
          </ol>
        </div>
      )}
    </>
  );
}

function Differences({
  document: { owner },
  cache: { cache, copy, fields },
}: Pick<CacheDetailProps, 'document' | 'cache'>) {
  const [ownerJson, copyJson] = [owner?.stateJson ?? null, copy?.stateJson ?? null];
  const found = useMemo(() => {
    const [was, is] = [ownerJson, copyJson].map((text) => (text === null ? undefined : parseExact(text)));
    return differencesOfCopy(was, is, fields);
  }, [ownerJson, copyJson, fields]);
  if (copy === null || copyJson === null) return null;
  return (
    <>
      {owner !== null &&
        (found.length === 0 ? (
          <p class="same">
            <Icon name="fine" /> {fields === null ? 'The state' : 'Every field that it keeps'} equals the owner's.
          </p>
        ) : (
          <DiffTable
            label={`Differences of ${cache} from the owner`}
            before="owner"
            after={cache}
            differences={found}
          />
        ))}
      <details>
        <summary>The whole copy of {cache}</summary>
        <JsonView text={copyJson} label={`Copy of ${cache}`} />
      </details>
    </>
  );
}
