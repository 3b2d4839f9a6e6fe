import { useState } from 'preact/hooks';
import type { CopyDocument } from '../../api/documents.ts';
import { run } from '../live/actions.ts';
import { useDraft } from '../live/draft.ts';
import { Icon } from '../parts/icon.tsx';
import { isDone } from '../pure/action-entries.ts';
import { writtenVersion } from '../pure/command-result.ts';
import { compactText, parseExact, prettyJson } from '../pure/exact-json.ts';

interface EditorProps {
  readonly type: string;
  readonly id: string;
  readonly owner: CopyDocument | null;
  readonly expect: (version: number) => void;
}

/** Edits the owner's state as JSON and puts it, if nobody else has changed it meanwhile. */
export function Editor({ type, id, owner, expect }: EditorProps) {
  const begin = () => draftOf(prettyText(owner), owner?.version ?? 0);
  const [draft, setDraft] = useState(begin);
  useDraft(draft.text !== draft.saved);
  const [isBusy, setBusy] = useState(false);
  const problem = problemOf(draft.text);
  const version = owner?.version ?? 0;
  const isOutdated = version !== draft.version;
  const put = async () => {
    setBusy(true);
    const answer = await run(`Put ${type} ${id}`, 'put', {
      type,
      id,
      stateJson: compactText(draft.text),
      expectedVersion: draft.version,
    });
    setBusy(false);
    // A put of the state that the owner has already writes no version.
    const newVersion = answer.kind === 'document' ? writtenVersion(answer.document.result) : undefined;
    if (!isDone(answer) || newVersion === undefined) return;
    setDraft(draftOf(draft.text, newVersion));
    expect(newVersion);
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

/** The text that is edited, the text that nothing would be lost of, and the version that it is based on. */
function draftOf(text: string, version: number) {
  return { text, saved: text, version };
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
