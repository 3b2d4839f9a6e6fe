import { useState } from 'preact/hooks';
import type { CopyDocument, TypeNode } from '../../api/documents.ts';
import { run, useMay } from '../live/actions.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { Ident } from '../parts/text.tsx';
import { isDone } from '../pure/action-entries.ts';
import { writtenVersion } from '../pure/command-result.ts';

interface EntityActionsProps {
  readonly type: TypeNode;
  readonly id: string;
  readonly owner: CopyDocument | null;
  readonly expect: (version: number) => void;
}

/** What can be done with an entity at its owner. */
export function EntityActions({ type: { type, isOwnedHere }, id, owner, expect }: EntityActionsProps) {
  const [isAsked, setAsked] = useState(false);
  const [mayResync, mayDelete] = [useMay('resync'), useMay('delete')];
  if (owner === null || !isOwnedHere || !(mayResync || mayDelete)) return null;
  const resync = async () => {
    if (isDone(await run(`Resync ${type} ${id}`, 'resync', { type, id }))) expect(owner.version);
  };
  const remove = async () => {
    const answer = await run(`Delete ${type} ${id}`, 'delete', { type, id, expectedVersion: owner.version });
    const version = answer.kind === 'document' ? writtenVersion(answer.document.result) : undefined;
    if (version !== undefined) expect(version);
  };
  return (
    <div class="buttons">
      {mayResync && (
        <button type="button" class="button" onClick={() => void resync()}>
          <Icon name="again" /> Resync
        </button>
      )}
      {mayDelete && !owner.isDeleted && (
        <button type="button" class="button" onClick={() => setAsked(true)}>
          <Icon name="close" /> Delete
        </button>
      )}
      {isAsked && (
        <Confirm
          title={`Delete this ${type}?`}
          verb="Delete"
          close={() => setAsked(false)}
          confirm={() => void remove()}
        >
          <p>
            The owner deletes <Ident text={id} isWhole /> with version {owner.version + 1}, and a tombstone travels to
            every cache. Its version counter stays, so you can put the entity again.
          </p>
        </Confirm>
      )}
    </div>
  );
}
