import { useEffect, useRef } from 'preact/hooks';
import type { DeploymentDocument, FlowDocument } from '../../api/documents.ts';
import { go } from '../live/route.ts';
import { Icon } from '../parts/icon.tsx';
import { Notice } from '../parts/notice.tsx';
import { CachePanel } from './cache-panel.tsx';
import { FactsPanel, QueuePanel, SagaPanel } from './facts-panels.tsx';
import { FunctionPanel } from './function-panel.tsx';
import { OwnerPanel } from './owner-panel.tsx';

interface PanelProps {
  /** The station's key, such as `cache/ordering`, or a function's, such as `function/label-printer`. */
  readonly at: string;
  /** The part of it that was chosen, such as `queue`. */
  readonly part: string | undefined;
  readonly deployment: DeploymentDocument;
  readonly flow: FlowDocument;
}

/** Figures and actions of a station, beside the picture. */
export function Panel({ at, part, deployment, flow }: PanelProps) {
  const ref = useRef<HTMLElement>(null);
  const [kind = '', ...rest] = at.split('/');
  const name = rest.join('/');
  const close = () => {
    go('flow', {});
    document.querySelector<HTMLElement>(`[data-station="${CSS.escape(`${at}/${part ?? ''}`)}"]`)?.focus();
  };
  useEffect(() => {
    ref.current?.focus();
    if (part !== undefined)
      ref.current?.querySelector(`[data-part="${CSS.escape(part)}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [at, part]);
  return (
    <aside
      class="panel"
      ref={ref}
      tabIndex={-1}
      aria-label={`Details of ${name}`}
      onKeyDown={(event) => event.key === 'Escape' && close()}
    >
      <header>
        <p class="panel-kind">{KINDS.get(kind) ?? 'station'}</p>
        <h2>{name}</h2>
        <button type="button" class="button ghost" aria-label="Close the details" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <Content kind={kind} name={name} deployment={deployment} flow={flow} />
    </aside>
  );
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['owner', 'owner'],
  ['elsewhere', 'owner in another deployment'],
  ['facts', 'facts of a boundary'],
  ['cache', 'cache'],
  ['fact-queue', 'queue of facts'],
  ['saga', 'saga'],
  ['function', 'function'],
]);

type ContentProps = Pick<PanelProps, 'deployment' | 'flow'> & { readonly kind: string; readonly name: string };

function Content({ kind, name, deployment, flow }: ContentProps) {
  const isNamed = (one: { readonly name: string }) => one.name === name;
  const owner = [deployment.owners.find(isNamed), flow.owners.find(isNamed)] as const;
  const cache = [deployment.caches.find(isNamed), flow.caches.find(isNamed)] as const;
  const saga = [deployment.sagas.find(isNamed), flow.sagas.find(isNamed)] as const;
  const queue = [deployment.factQueues.find(isNamed), flow.factQueues.find(isNamed)] as const;
  const topic = deployment.factTopics.find(({ boundary }) => boundary === name);
  const relay = flow.factTopics.find(({ boundary }) => boundary === name)?.relay;
  if (kind === 'owner' && owner[0] && owner[1])
    return <OwnerPanel node={owner[0]} flow={owner[1]} alarms={flow.alarms} />;
  if (kind === 'cache' && cache[0] && cache[1])
    return <CachePanel node={cache[0]} flow={cache[1]} alarms={flow.alarms} />;
  if (kind === 'saga' && saga[0] && saga[1]) return <SagaPanel node={saga[0]} flow={saga[1]} />;
  if (kind === 'fact-queue' && queue[0] && queue[1]) return <QueuePanel node={queue[0]} flow={queue[1]} />;
  if (kind === 'facts' && topic && relay) return <FactsPanel node={topic} relay={relay} />;
  if (kind === 'function') return <FunctionPanel key={name} name={name} stoppedFunctions={flow.stoppedFunctions} />;
  if (kind === 'elsewhere') {
    return (
      <Notice kind="info" title="This owner isn't in the deployment">
        <p>Add its stack with --stack to see it here.</p>
      </Notice>
    );
  }
  return (
    <Notice kind="error" title={`No station is named ${name}`}>
      <p>It may have been removed by a deployment. Close this and choose one from the picture.</p>
    </Notice>
  );
}
