import { DiffTable } from '../parts/diff-table.tsx';
import { parseExact } from '../pure/exact-json.ts';
import { differences } from '../pure/json-diff.ts';
import { arrivalMs, type History, isComparable, type SeenVersion } from '../pure/versions.ts';
import { clock, span } from '../pure/words.ts';

/** The versions that were seen since the entity was opened, each with its differences from the one before. */
export function SeenVersions({ history }: { readonly history: History }) {
  return (
    <>
      <p class="dim">Versions seen since you opened the entity. Freshet keeps the newest version only.</p>
      <ol class="seen">
        {history.map((seen, index) => (
          <Seen key={seen.version} seen={seen} before={history[index + 1]} history={history} />
        ))}
      </ol>
    </>
  );
}

type SeenProps = { readonly seen: SeenVersion; readonly before: SeenVersion | undefined; readonly history: History };

function Seen({ seen, before, history }: SeenProps) {
  const isCompared = before !== undefined && isComparable(seen, before);
  const changes = !isCompared ? [] : differences(parsed(before.stateJson), parsed(seen.stateJson));
  return (
    <li>
      <h4>
        version {seen.version}
        {seen.isDeleted && ', deleted'} <span class="dim">committed {clock(seen.changedAt, Date.now())}</span>
      </h4>
      <ul class="arrivals">
        {[...seen.arrivals.keys()].map((place) => {
          const ms = arrivalMs(history, seen.version, place);
          return (
            <li key={place}>
              {place}{' '}
              <span class="dim">{ms === undefined ? 'had it before' : `seen ${span(ms)} after the commit`}</span>
            </li>
          );
        })}
      </ul>
      {before !== undefined && !isCompared && (
        <p class="dim">
          Not compared with version {before.version}: this page has seen only a part of one of the two states, in a
          cache that keeps some of the fields.
        </p>
      )}
      {isCompared &&
        (changes.length === 0 ? (
          <p class="dim">The state is the same as in version {before.version}.</p>
        ) : (
          <DiffTable
            label={`Differences from version ${before.version} to ${seen.version}`}
            before={`version ${before.version}`}
            after={`version ${seen.version}`}
            differences={changes}
          />
        ))}
    </li>
  );
}

function parsed(text: string | null) {
  return text === null ? undefined : parseExact(text);
}
