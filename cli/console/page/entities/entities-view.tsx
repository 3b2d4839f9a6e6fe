import { live } from '../live/live.ts';
import { go } from '../live/route.ts';
import { useStore } from '../live/store.ts';
import { Notice } from '../parts/notice.tsx';
import { type Route, routeTo } from '../pure/route.ts';
import { visibleText } from '../pure/visible.ts';
import { plural } from '../pure/words.ts';
import { EntityDetail } from './entity-detail.tsx';
import { EntityList } from './entity-list.tsx';

/** The entities of a type, and one of them in detail. */
export function EntitiesView({ params }: Route) {
  const deployment = useStore(live, (one) => one.deployment);
  if (deployment === undefined) return <Notice kind="loading" title="Reading the deployment …" />;
  const { types } = deployment;
  if (types.length === 0) {
    return (
      <Notice kind="empty" title="No entity type is known">
        <p>The contracts could not be loaded. Start the console in the folder of the CDK app, or a folder below it.</p>
      </Notice>
    );
  }
  const wanted = params.get('type');
  const type = wanted === undefined ? types[0] : types.find((one) => one.type === wanted);
  const id = params.get('id');
  if (type === undefined) {
    return (
      <Notice kind="info" title={`No owner or cache here has the type ${visibleText(wanted ?? '')}`}>
        <p>
          <a href={routeTo('entities')}>Show the types of this deployment</a>
        </p>
      </Notice>
    );
  }
  return (
    <div class={`entities ${id === undefined ? '' : 'has-detail'}`}>
      <section class="entities-side" aria-label="Entities">
        <label class="field">
          <span>Type</span>
          <select value={type.type} onChange={(event) => go('entities', { type: event.currentTarget.value })}>
            {types.map((one) => (
              <option key={one.type} value={one.type}>
                {one.type}
              </option>
            ))}
          </select>
        </label>
        <p class="dim">
          owned by {type.owner}
          {type.isOwnedHere ? '' : ' (in another deployment)'}, kept by {plural(type.caches.length, 'cache')}
        </p>
        <EntityList key={type.type} type={type.type} chosen={id} prefix={params.get('prefix') ?? ''} />
      </section>
      {id === undefined ? (
        <div class="entities-main">
          <Notice kind="info" title="Choose an entity">
            <p>You then see the owner's copy beside the copy of each cache, and why they differ.</p>
          </Notice>
        </div>
      ) : (
        <EntityDetail key={`${type.type}/${id}`} type={type} id={id} />
      )}
    </div>
  );
}
