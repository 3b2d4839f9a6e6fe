import type { CachedCopyDocument, EntityDocument } from '../../api/documents.ts';
import { Badge } from '../parts/badge.tsx';
import { verdictView } from '../pure/verdicts.ts';
import { arrivalMs, type History } from '../pure/versions.ts';
import { ago, plural, span, stalenessWords } from '../pure/words.ts';

interface CopiesProps {
  readonly document: EntityDocument;
  readonly history: History;
  /** The cache whose details are open. */
  readonly chosen: string | undefined;
  readonly choose: (cache: string) => void;
}

/** The owner's copy, and beside it the copy of each cache with its version and verdict. */
export function Copies({ document, history, chosen, choose }: CopiesProps) {
  const { owner, ownerName, caches, at } = document;
  return (
    <section class="copies" aria-label="Copies">
      <div class="copy-owner">
        <span class="copy-role">owner</span>
        <strong>{ownerName}</strong>
        <Version key={owner?.version} version={owner?.version} />
        <span class="dim">
          {owner === null
            ? 'no copy in this deployment'
            : `${owner.isDeleted ? 'deleted' : 'committed'} ${ago(owner.changedAt, Date.parse(at))}`}
        </span>
      </div>
      <span class="copy-river" aria-hidden="true" />
      <ul class="copy-caches" aria-label="Caches">
        {caches.map((cache) => (
          <li key={cache.cache}>
            <CacheCard
              cache={cache}
              ownerVersion={owner?.version}
              arrival={arrivalMs(history, cache.copy?.version ?? 0, cache.cache)}
              isChosen={cache.cache === chosen}
              choose={choose}
            />
          </li>
        ))}
        {caches.length === 0 && <li class="dim">No cache of this deployment keeps this type.</li>}
      </ul>
    </section>
  );
}

interface CacheCardProps {
  readonly cache: CachedCopyDocument;
  readonly ownerVersion: number | undefined;
  /** How long after the commit the version was seen here. */
  readonly arrival: number | undefined;
  readonly isChosen: boolean;
  readonly choose: (cache: string) => void;
}

function CacheCard({ cache, ownerVersion, arrival, isChosen, choose }: CacheCardProps) {
  const { words, tone, icon } = verdictView(cache.verdict);
  const version = cache.copy?.version;
  const behind = ownerVersion !== undefined && version !== undefined ? ownerVersion - version : 0;
  return (
    <button
      type="button"
      class={`copy-card ${isChosen ? 'chosen' : ''}`}
      aria-pressed={isChosen}
      onClick={() => choose(cache.cache)}
    >
      <span class="copy-role">cache</span>
      <strong>{cache.cache}</strong>
      <Version key={version} version={version} isNew={arrival !== undefined} />
      <Badge tone={tone} icon={icon}>
        {cache.isCertain ? '' : 'likely '}
        {words}
      </Badge>
      <span class="dim">
        {arrival !== undefined
          ? `seen ${span(arrival)} after the commit`
          : behind > 0
            ? `${plural(behind, 'version')} behind`
            : stalenessWords(cache.stalenessSeconds)}
      </span>
    </button>
  );
}

function Version({ version, isNew = false }: { readonly version: number | undefined; readonly isNew?: boolean }) {
  return (
    <span class={`version ${isNew ? 'arrived' : ''}`}>
      {version === undefined ? 'no version' : `version ${version}`}
    </span>
  );
}
