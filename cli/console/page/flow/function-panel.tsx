import { useRef } from 'preact/hooks';
import { Notice } from '../parts/notice.tsx';
import { FunctionControl, PanelPart } from './panel-parts.tsx';

interface FunctionPanelProps {
  /** The physical name of the function. */
  readonly name: string;
  readonly stoppedFunctions: readonly string[];
}

/** A stopped function that is no station of the picture, such as the governor of an owner or a service's own. */
export function FunctionPanel({ name, stoppedFunctions }: FunctionPanelProps) {
  const wasStopped = useRef(false);
  const isStopped = stoppedFunctions.includes(name);
  if (isStopped) wasStopped.current = true;
  // The name comes from the address. Only a function that was listed as stopped is known to exist.
  if (!wasStopped.current) {
    return (
      <Notice kind="info" title="This function isn't stopped">
        <p>It may have been started or removed meanwhile. Functions that are stopped are listed above the picture.</p>
      </Notice>
    );
  }
  return (
    <PanelPart part="function" title="State">
      <FunctionControl of={{ name, state: isStopped ? 'stopped' : 'running' }} />
    </PanelPart>
  );
}
