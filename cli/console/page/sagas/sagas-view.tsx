import { useEffect } from 'preact/hooks';
import type { SagasDocument } from '../../api/documents.ts';
import { useFetched } from '../live/fetched.ts';
import { live } from '../live/live.ts';
import { useStore } from '../live/store.ts';
import { Badge, Figure } from '../parts/badge.tsx';
import { Failure, Notice } from '../parts/notice.tsx';
import { type Route, routeTo } from '../pure/route.ts';
import { functionSign } from '../pure/stations.ts';
import { count, plural, seconds } from '../pure/words.ts';
import { Instances } from './instances.tsx';

type Saga = SagasDocument['sagas'][number];

/** The sagas and their instances. */
export function SagasView({ params }: Route) {
  const { document, failure, reload } = useFetched<SagasDocument>('/api/sagas');
  const flow = useStore(live, ({ flow }) => flow?.sagas);
  useEffect(() => void reload(), [flow]);
  if (document === undefined && failure !== undefined)
    return <Failure title="The sagas could not be read" message={failure} retry={() => void reload()} />;
  if (document === undefined) return <Notice kind="loading" title="Reading the sagas …" />;
  const { sagas } = document;
  if (sagas.length === 0) {
    return (
      <Notice kind="empty" title="This deployment has no saga">
        <p>A saga waits for several facts, in any order, and then decides once.</p>
      </Notice>
    );
  }
  const saga = sagas.find(({ name }) => name === params.get('saga')) ?? sagas[0];
  return (
    <>
      <ul class="saga-cards" aria-label="Sagas">
        {sagas.map((one) => (
          <li key={one.name}>
            <SagaCard saga={one} isChosen={one === saga} />
          </li>
        ))}
      </ul>
      {saga !== undefined && <Instances key={saga.name} saga={saga.name} params={params} />}
    </>
  );
}

function SagaCard({ saga, isChosen }: { readonly saga: Saga; readonly isChosen: boolean }) {
  const { name, needs, cancelledBy, deadlineSeconds, decider, waiting, due, backlog, parked, effectFailures } = saga;
  const sign = functionSign(decider.state);
  return (
    <a class="saga-card" href={routeTo('sagas', { saga: name })} aria-current={isChosen ? 'true' : undefined}>
      <span class="station-name">{name}</span>
      <span class="signs">
        {sign !== undefined && (
          <Badge tone={sign.tone} icon={sign.icon}>
            decider {sign.text}
          </Badge>
        )}
        {due > 0 && (
          <Badge tone="warn" icon="late">
            {count(due)} overdue
          </Badge>
        )}
        {effectFailures > 0 && (
          <Badge tone="bad" icon="dead">
            {plural(effectFailures, 'effect')} failed
          </Badge>
        )}
        {parked > 0 && (
          <Badge tone="warn" icon="parked">
            {count(parked)} parked
          </Badge>
        )}
      </span>
      <dl class="figures">
        <Figure name="waiting">{waiting === null ? 'not counted' : count(waiting)}</Figure>
        <Figure name="backlog">{count(backlog)}</Figure>
        <Figure name="deadline">{deadlineSeconds === null ? 'none' : seconds(deadlineSeconds)}</Figure>
      </dl>
      <span class="dim">
        {needs === null ? "The stack doesn't say what it needs." : `needs ${needs.map(({ type }) => type).join(', ')}`}
        {cancelledBy !== null &&
          cancelledBy.length > 0 &&
          `; cancelled by ${cancelledBy.map(({ type }) => type).join(', ')}`}
      </span>
    </a>
  );
}
