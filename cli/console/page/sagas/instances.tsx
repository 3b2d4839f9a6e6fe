import { useCallback } from 'preact/hooks';
import type { SagaInstanceDocument, SagaInstancesDocument } from '../../api/documents.ts';
import { useNow } from '../live/clock.ts';
import { usePaged } from '../live/fetched.ts';
import { go } from '../live/route.ts';
import { useSearchText } from '../live/search-text.ts';
import { Badge } from '../parts/badge.tsx';
import { Failure, Notice } from '../parts/notice.tsx';
import { SearchBox } from '../parts/search-box.tsx';
import { EventText, Ident } from '../parts/text.tsx';
import { apiPath } from '../pure/route.ts';
import { ago, clock, dueWords, plural } from '../pure/words.ts';

interface InstancesProps {
  readonly saga: string;
  readonly params: ReadonlyMap<string, string>;
}

const STATUSES = ['waiting', 'decided', 'cancelled'] as const;
const CLOCK_MS = 10_000;

/** The instances of a saga: what each waits for, until when, and what it decided. */
export function Instances({ saga, params }: InstancesProps) {
  const status = STATUSES.find((one) => one === params.get('status'));
  const prefix = params.get('prefix') ?? '';
  const [text, setText] = useSearchText(prefix, (found) => go('sagas', { saga, status, prefix: found }, true));
  const pathOf = useCallback(
    (cursor: string | null) =>
      apiPath('/api/sagas/instances', { saga, status: status ?? null, prefix: prefix === '' ? null : prefix, cursor }),
    [saga, status, prefix],
  );
  const list = usePaged<SagaInstancesDocument, SagaInstanceDocument>(pathOf, instancesOf);
  const now = useNow(CLOCK_MS);
  return (
    <section aria-label={`Search in ${saga}`}>
      <div class="tools">
        <fieldset class="switch">
          <legend>Status</legend>
          {[undefined, ...STATUSES].map((one) => (
            <label key={one ?? 'all'}>
              <input
                type="radio"
                name="status"
                checked={one === status}
                onChange={() => go('sagas', { saga, status: one, prefix }, true)}
              />
              <span>{one ?? 'all'}</span>
            </label>
          ))}
        </fieldset>
        <SearchBox label="Search by the beginning of the key" value={text} change={setText} />
        <button type="button" class="button small" onClick={list.reload}>
          Read again
        </button>
      </div>
      {list.failure !== undefined && (
        <Failure title="The instances could not be read" message={list.failure} retry={list.reload} />
      )}
      {list.items.length === 0 && list.isLoading && <Notice kind="loading" title="Reading the instances …" />}
      {list.items.length === 0 && list.isComplete && (
        <Notice kind="empty" title="No instance matches">
          <p>An instance begins with the first fact that arrives for its key.</p>
        </Notice>
      )}
      {list.items.length > 0 && <Table saga={saga} instances={list.items} now={now} />}
      {!list.isComplete && !list.isLoading && list.failure === undefined && (
        <button type="button" class="button" onClick={list.more}>
          Load more: {plural(list.items.length, 'instance')} loaded
        </button>
      )}
    </section>
  );
}

function instancesOf({ instances }: SagaInstancesDocument): readonly SagaInstanceDocument[] {
  return instances;
}

function Table({ saga, instances, now }: { saga: string; instances: readonly SagaInstanceDocument[]; now: number }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard
    <section class="table-scroll" tabIndex={0} aria-label={`Instances of ${saga}`}>
      <table class="instances">
        <thead>
          <tr>
            <th scope="col">key</th>
            <th scope="col">status</th>
            <th scope="col">facts that arrived</th>
            <th scope="col">waits for</th>
            <th scope="col">due</th>
            <th scope="col">effects</th>
          </tr>
        </thead>
        <tbody>
          {instances.map((instance) => (
            <Row key={instance.key} instance={instance} now={now} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ instance, now }: { readonly instance: SagaInstanceDocument; readonly now: number }) {
  const { key, status, beganAt, dueAt, facts, missing, effects } = instance;
  const isOverdue = status === 'waiting' && dueAt !== null && Date.parse(dueAt) < now;
  return (
    <tr>
      <th scope="row">
        <Ident text={key} />
        <p class="dim">began {ago(beganAt, now)}</p>
      </th>
      <td>
        <Badge
          tone={status === 'decided' ? 'good' : 'calm'}
          icon={status === 'decided' ? 'fine' : status === 'waiting' ? 'late' : 'close'}
        >
          {status}
        </Badge>
      </td>
      <td>
        <ul class="plain">
          {facts.map(({ type, id, at }) => (
            <li key={type + id} title={clock(at, now)}>
              {type}{' '}
              <span class="dim">
                <Ident text={id} />
              </span>
            </li>
          ))}
        </ul>
      </td>
      <td>{status !== 'waiting' ? '' : missing === null ? 'not known' : missing.join(', ')}</td>
      <td>
        {dueAt !== null &&
          (isOverdue ? (
            <Badge tone="warn" icon="late">
              {dueWords(dueAt, now)}
            </Badge>
          ) : (
            <span title={clock(dueAt, now)}>{dueWords(dueAt, now)}</span>
          ))}
      </td>
      <td>
        <EventText text={effects.join(', ')} />
      </td>
    </tr>
  );
}
