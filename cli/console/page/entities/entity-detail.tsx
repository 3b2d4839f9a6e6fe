import { useState } from 'preact/hooks';
import type { EntityDocument, TypeNode } from '../../api/documents.ts';
import { useMay } from '../live/actions.ts';
import { Icon } from '../parts/icon.tsx';
import { JsonView } from '../parts/json-view.tsx';
import { Failure, Notice } from '../parts/notice.tsx';
import { Tabs } from '../parts/tabs.tsx';
import { Ident } from '../parts/text.tsx';
import { routeTo } from '../pure/route.ts';
import { CacheDetail } from './cache-detail.tsx';
import { Copies } from './copies.tsx';
import { Editor } from './editor.tsx';
import { EntityActions } from './entity-actions.tsx';
import { type Followed, useFollowedEntity } from './follow-entity.ts';
import { SeenVersions } from './seen-versions.tsx';

interface EntityDetailProps {
  readonly type: TypeNode;
  readonly id: string;
}

/** An entity at its owner and in each cache. */
export function EntityDetail({ type, id }: EntityDetailProps) {
  const followed = useFollowedEntity(type.type, id);
  const { document, failure, reload } = followed;
  return (
    <article class="entities-main" aria-label="Entity">
      <header class="entity-head">
        <a class="back" href={routeTo('entities', { type: type.type })}>
          <Icon name="left" /> all of {type.type}
        </a>
        <h2>
          <span class="dim">{type.type}</span> <Ident text={id} isWhole={id.length < 400} />
        </h2>
        {document !== undefined && (
          <EntityActions type={type} id={id} owner={document.owner} expect={followed.expect} />
        )}
      </header>
      {failure !== undefined && (
        <Failure title="The entity could not be read" message={failure} retry={() => void reload()} />
      )}
      {document === undefined && failure === undefined && <Notice kind="loading" title="Reading the copies …" />}
      {document !== undefined && <Copied type={type} document={document} followed={followed} />}
    </article>
  );
}

const TABS = ['state', 'versions', 'edit'] as const;

type CopiedProps = { readonly type: TypeNode; readonly document: EntityDocument; readonly followed: Followed };

function Copied({ type, document, followed: { history, expect } }: CopiedProps) {
  const mayPut = useMay('put') && type.isOwnedHere;
  const [tab, setTab] = useState<(typeof TABS)[number]>('state');
  const [chosen, setChosen] = useState<string>();
  const { caches, owner } = document;
  const notCurrent = caches.find(({ verdict }) => verdict !== 'current' && verdict !== 'deleted');
  const cache = caches.find((one) => one.cache === chosen) ?? notCurrent ?? caches[0];
  const titles = { state: 'State at the owner', versions: `Versions seen (${history.length})`, edit: 'Edit' };
  return (
    <>
      <Copies document={document} history={history} chosen={cache?.cache} choose={setChosen} />
      {cache !== undefined && <CacheDetail key={cache.cache} document={document} cache={cache} expect={expect} />}
      <Tabs label="The entity" names={mayPut ? TABS : TABS.slice(0, 2)} titles={titles} chosen={tab} choose={setTab}>
        {tab === 'state' && <OwnerState document={document} />}
        {tab === 'versions' && <SeenVersions history={history} />}
        {tab === 'edit' && <Editor type={type.type} id={document.id} owner={owner} expect={expect} />}
      </Tabs>
    </>
  );
}

function OwnerState({ document: { owner, ownerName } }: { readonly document: EntityDocument }) {
  if (owner === null) return <p class="dim">{ownerName} has never had this entity, or isn't in this deployment.</p>;
  if (owner.stateJson === null)
    return (
      <p class="dim">
        {ownerName} deleted it with version {owner.version}.
      </p>
    );
  return <JsonView text={owner.stateJson} label={`State at ${ownerName}`} />;
}
