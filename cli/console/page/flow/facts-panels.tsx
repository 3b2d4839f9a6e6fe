import type {
  FactQueueFlow,
  FactQueueNode,
  FactTopicNode,
  FunctionDocument,
  SagaFlow,
  SagaNode,
} from '../../api/documents.ts';
import { Figure } from '../parts/badge.tsx';
import { routeTo } from '../pure/route.ts';
import { count, seconds } from '../pure/words.ts';
import { FunctionControl, PanelPart, Physical } from './panel-parts.tsx';

/** The facts of a boundary: their relay and topic. */
export function FactsPanel({ node, relay }: { readonly node: FactTopicNode; readonly relay: FunctionDocument }) {
  return (
    <>
      <PanelPart part="relay" title="Relay">
        <FunctionControl of={relay} />
      </PanelPart>
      <PanelPart part="topic" title="Topic">
        <Physical kind="topic" name={node.topic} />
      </PanelPart>
    </>
  );
}

/** A queue of facts. */
export function QueuePanel({ node, flow }: { readonly node: FactQueueNode; readonly flow: FactQueueFlow }) {
  return (
    <>
      <Counts flow={flow} />
      <PanelPart part="end" title="Facts">
        <p>
          {node.boundaries === null
            ? "The stack doesn't say whose facts it receives."
            : `Facts of ${node.boundaries.join(', ')}`}
        </p>
      </PanelPart>
      <Physical kind="queue" name={node.queue} />
    </>
  );
}

function Counts({ flow }: { readonly flow: FactQueueFlow }) {
  return (
    <PanelPart part="queue" title="Queue">
      <dl class="figures">
        <Figure name="backlog">{count(flow.backlog)}</Figure>
        <Figure name="dead letters">{count(flow.deadLetters)}</Figure>
        <Figure name="parked">{count(flow.parked)}</Figure>
      </dl>
      {flow.parked > 0 && <a href={routeTo('parked', { at: flow.name })}>Parked facts</a>}
    </PanelPart>
  );
}

/** A saga with its queue and functions. */
export function SagaPanel({ node, flow }: { readonly node: SagaNode; readonly flow: SagaFlow }) {
  return (
    <>
      <Counts flow={flow} />
      <PanelPart part="worker" title="Decider">
        <FunctionControl of={flow.decider} />
      </PanelPart>
      <PanelPart part="end" title="Saga">
        <dl class="figures">
          <Figure name="waiting">{flow.waiting === null ? 'not counted' : count(flow.waiting)}</Figure>
          <Figure name="overdue">{count(flow.due)}</Figure>
          <Figure name="deadline">{node.deadlineSeconds === null ? 'none' : seconds(node.deadlineSeconds)}</Figure>
          <Figure name="effects retried">{count(flow.effectBacklog)}</Figure>
          <Figure name="effects failed">{count(flow.effectFailures)}</Figure>
        </dl>
        <a href={routeTo('sagas', { saga: node.name })}>Instances of {node.name}</a>
      </PanelPart>
      <Physical kind="queue" name={node.queue} />
      <Physical kind="table" name={node.table} />
    </>
  );
}
