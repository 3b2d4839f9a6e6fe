import type { AlarmDocument, OwnerFlow, OwnerNode } from '../../api/documents.ts';
import { Badge, Figure } from '../parts/badge.tsx';
import { flowStateWords } from '../pure/attention.ts';
import { routeTo } from '../pure/route.ts';
import { count, rate, span } from '../pure/words.ts';
import { FunctionControl, PanelAlarms, PanelPart, Physical, TypeLinks } from './panel-parts.tsx';

interface OwnerPanelProps {
  readonly node: OwnerNode;
  readonly flow: OwnerFlow;
  readonly alarms: readonly AlarmDocument[] | null;
}

/** An owner with its relay and topic. */
export function OwnerPanel({
  node,
  flow: { flow, relay, relayDelayMs, publishedRate, parked },
  alarms,
}: OwnerPanelProps) {
  const isNormal = flow.state === 'normal';
  return (
    <>
      <PanelPart part="origin" title="Flow state">
        <p>
          <Badge
            tone={isNormal ? 'good' : flow.state === 'paced' ? 'warn' : 'bad'}
            icon={isNormal ? 'fine' : flow.state === 'paced' ? 'paced' : 'refusing'}
          >
            {flow.state}
          </Badge>
        </p>
        <p>{flowStateWords(flow)}</p>
        {flow.cause !== null && (
          <a href={routeTo('flow', { at: `cache/${flow.cause.cache}`, part: 'queue' })}>
            Show the queue of {flow.cause.cache}
          </a>
        )}
        {flow.reportsMissing.length > 0 && <p>No report from: {flow.reportsMissing.join(', ')}</p>}
      </PanelPart>
      <PanelPart part="types" title="Entities">
        <TypeLinks types={node.types} />
        {parked > 0 && (
          <a href={routeTo('parked', { at: node.name })}>
            {count(parked)} parked records: the owner could not publish them
          </a>
        )}
      </PanelPart>
      <PanelPart part="relay" title="Relay">
        <FunctionControl of={relay} />
        <dl class="figures">
          <Figure name="relay delay">{span(relayDelayMs)}</Figure>
        </dl>
      </PanelPart>
      <PanelPart part="topic" title="Topic">
        <dl class="figures">
          <Figure name="published versions">{rate(publishedRate)}</Figure>
        </dl>
      </PanelPart>
      <PanelAlarms alarms={alarms} name={node.name} />
      <p>
        <a href={routeTo('numbers', { part: `Owner ${node.name}` })}>Numbers of {node.name}</a>
      </p>
      <PanelPart part="names" title="Physical names">
        {node.table !== null && <Physical kind="table" name={node.table} />}
        <Physical kind="topic" name={node.topic} />
        <Physical kind="governor" name={node.governor} />
        <Physical kind="stack" name={node.stack} />
      </PanelPart>
    </>
  );
}
