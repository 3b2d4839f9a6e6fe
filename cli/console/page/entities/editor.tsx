import { useState } from 'preact/hooks';
import type { CopyDocument } from '../../api/documents.ts';
import { isDone, run } from '../live/actions.ts';
import { Icon } from '../parts/icon.tsx';
import { parseExact, prettyJson } from '../pure/exact-json.ts';

interface EditorProps {
  readonly type: string;
  readonly id: string;
  readonly owner: CopyDocument | null;
  readonly expect: (version: number) => void;
}

/** Edits the owner's state as JSON and puts it, if nobody else has changed it meanwhile. */
export function Editor({ type, id, owner, expect }: EditorProps) {
  const begin = () => ({ text: prettyText(owner), version: owner?.version ?? 0 });
  const [draft, setDraft] = useState(begin);
  const [isBusy, setBusy] = useState(false);
  const problem = problemOf(draft.text);
  const version = owner?.version ?? 0;
  const isOutdated = version !== draft.version;
  const put = async () => {
    setBusy(true);
    const answer = await run(`Put ${type} ${id}`, 'put', {
      type,
      id,
      stateJson: draft.text,
      expectedVersion: draft.version,
    });
    setBusy(false);
    if (!isDone(answer)) return;
    setDraft({ text: draft.text, version: draft.version + 1 });
    expect(draft.version + 1);
    // Above, the version appears in one cache after the other.
    document.querySelector('.copies')?.scrollIntoView({ block: 'start' });
  };
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        void put();
      }}
    >
      <label class="field">
        <span>
          {draft.version === 0 ? 'State of the new entity' : `State, on the basis of version ${draft.version}`}, as JSON
        </span>
        <textarea
          rows={16}
          spellcheck={false}
          value={draft.text}
          aria-invalid={problem !== undefined}
          aria-describedby="editor-problem"
          onInput={(event) => setDraft({ ...draft, text: event.currentTarget.value })}
        />
      </label>
      <p id="editor-problem" class="tone-text-bad" role="status">
        {problem}
      </p>
      {isOutdated && !isBusy && (
        <p class="tone-text-warn">
          <Icon name="wrong" /> The owner has version {version} now. A put on the basis of version {draft.version} is
          refused.{' '}
          <button type="button" class="link" onClick={() => setDraft(begin())}>
            Load version {version}
          </button>
        </p>
      )}
      <div class="buttons">
        <button type="submit" class="button primary" disabled={isBusy || problem !== undefined}>
          <Icon name="edit" /> {isBusy ? 'Putting …' : `Put version ${draft.version + 1}`}
        </button>
        <button type="button" class="button" onClick={() => setDraft(begin())}>
          Reset
        </button>
      </div>
    </form>
  );
}

function prettyText(owner: CopyDocument | null): string {
  if (owner?.stateJson == null) return '{\n  \n}';
  const root = parseExact(owner.stateJson);
  return root === undefined ? owner.stateJson : prettyJson(root);
}

function problemOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `This is no valid JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}
