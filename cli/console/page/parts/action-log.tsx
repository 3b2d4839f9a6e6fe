import type { ActionDocument } from '../../api/documents.ts';
import { type Done, dismiss, doneActions } from '../live/actions.ts';
import { useStore } from '../live/store.ts';
import { type EventOutcome, outcomesOf } from '../pure/group-parked.ts';
import { exitWords } from '../pure/words.ts';
import { Badge, type Tone } from './badge.tsx';
import { Icon } from './icon.tsx';
import { JsonView } from './json-view.tsx';
import { Ident, LongText } from './text.tsx';

/** The newest actions with their outcomes, at the corner of the page. */
export function ActionLog() {
  const done = useStore(doneActions, (all) => all);
  return (
    <section class="action-log" aria-label="Outcomes of actions" aria-live="polite">
      {done.map((one) => (
        <Outcome key={one.id} one={one} />
      ))}
    </section>
  );
}

function Outcome({ one: { id, title, answer } }: { readonly one: Done }) {
  return (
    <article class="outcome">
      <header>
        <h2>{title}</h2>
        <button
          type="button"
          class="button ghost"
          aria-label={`Close the outcome of: ${title}`}
          onClick={() => dismiss(id)}
        >
          <Icon name="close" />
        </button>
      </header>
      {answer === undefined && <p class="working">working …</p>}
      {answer?.kind === 'failed' && (
        <p>
          <Badge tone="bad" icon="wrong">
            not run
          </Badge>{' '}
          {answer.message}
        </p>
      )}
      {answer?.kind === 'document' && <Answered document={answer.document} />}
    </article>
  );
}

function Answered({ document: { command, exitCode, result, message } }: { readonly document: ActionDocument }) {
  const tone: Tone = exitCode === 0 ? 'good' : exitCode === 75 ? 'warn' : 'bad';
  const outcomes = outcomesOf(result);
  return (
    <>
      <p>
        <Badge tone={tone} icon={exitCode === 0 ? 'fine' : exitCode === 75 ? 'paced' : 'wrong'}>
          {exitWords(exitCode)}
        </Badge>
      </p>
      <p class="ran">
        <LongText text={command} />
      </p>
      {message !== '' && (
        <p class="message">
          <LongText text={message} />
        </p>
      )}
      {outcomes.length > 0 ? (
        <EventOutcomes outcomes={outcomes} />
      ) : (
        result !== null && (
          <details>
            <summary>result</summary>
            <JsonView text={JSON.stringify(result)} label="Result of the command" />
          </details>
        )
      )}
    </>
  );
}

/** Outcomes that are listed one by one. */
const LISTED = 50;

function EventOutcomes({ outcomes }: { readonly outcomes: readonly EventOutcome[] }) {
  return (
    <ul class="event-outcomes">
      {outcomes.slice(0, LISTED).map(({ key, outcome, stays, detail }) => (
        <li key={key}>
          <Badge tone={stays ? 'warn' : 'good'} icon={stays ? 'parked' : 'fine'}>
            {stays && outcome === 'parked' ? 'parked again' : outcome}
          </Badge>{' '}
          <Ident text={key} />
          {detail !== undefined && (
            <span class="dim">
              {' '}
              <LongText text={detail} />
            </span>
          )}
        </li>
      ))}
      {outcomes.length > LISTED && <li>and {outcomes.length - LISTED} more</li>}
    </ul>
  );
}
