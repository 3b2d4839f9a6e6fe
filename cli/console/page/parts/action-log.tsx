import type { ActionDocument } from '../../api/documents.ts';
import { dismiss, doneActions } from '../live/actions.ts';
import { useStore } from '../live/store.ts';
import { type CommandRun, type Entry, entryOutcomes, isDone, isRunning } from '../pure/action-entries.ts';
import { resultWords } from '../pure/command-result.ts';
import { type EventOutcome, outcomesOf } from '../pure/group-parked.ts';
import { count, exitWords } from '../pure/words.ts';
import { Badge, type Tone } from './badge.tsx';
import { Icon } from './icon.tsx';
import { JsonView } from './json-view.tsx';
import { LongList } from './long-list.tsx';
import { Ident, LongText } from './text.tsx';

/** The newest actions with their outcomes, at the corner of the page. */
export function ActionLog() {
  const done = useStore(doneActions, (all) => all);
  return (
    <section class="action-log" aria-label="Outcomes of actions" aria-live="polite">
      {done.map((one) => (
        <Outcome key={one.id} entry={one} />
      ))}
    </section>
  );
}

function Outcome({ entry }: { readonly entry: Entry }) {
  const { id, title, commands } = entry;
  const [only] = commands;
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
      {commands.length > 1 ? <Commands entry={entry} /> : only !== undefined && <Answered {...only} />}
      <EventOutcomes outcomes={entryOutcomes(entry)} />
    </article>
  );
}

/** The commands of an action: how many are done, and each one. Those that failed come first. */
function Commands({ entry }: { readonly entry: Entry }) {
  const { commands } = entry;
  const answered = commands.filter(({ answer }) => answer !== undefined);
  const done = answered.filter(({ answer }) => isDone(answer));
  const failed = answered.filter(({ answer }) => !isDone(answer));
  return (
    <>
      {isRunning(entry) && (
        <p class="working">
          working … {count(answered.length)} of {count(commands.length)} commands
        </p>
      )}
      {failed.length > 0 && (
        <LongList items={failed} label="Commands that failed" item={(one, index) => <Titled key={index} {...one} />} />
      )}
      {done.length > 0 && (
        <details>
          <summary>
            {count(done.length)} of {count(commands.length)} commands done
          </summary>
          <LongList
            items={done}
            label="Commands that are done"
            item={(one, index) => <Titled key={index} {...one} />}
          />
        </details>
      )}
    </>
  );
}

function Titled(command: CommandRun) {
  return (
    <li>
      <strong>{command.title}</strong>
      <Answered {...command} />
    </li>
  );
}

function Answered({ answer }: Pick<CommandRun, 'answer'>) {
  if (answer === undefined) return <p class="working">working …</p>;
  if (answer.kind === 'document') return <Ended document={answer.document} />;
  return (
    <p>
      <Badge tone="bad" icon="wrong">
        not run
      </Badge>{' '}
      {answer.message}
    </p>
  );
}

function Ended({ document: { command, exitCode, result, message } }: { readonly document: ActionDocument }) {
  const tone: Tone = exitCode === 0 ? 'good' : exitCode === 75 ? 'warn' : 'bad';
  const words = resultWords(result);
  return (
    <>
      <p>
        <Badge tone={tone} icon={exitCode === 0 ? 'fine' : exitCode === 75 ? 'paced' : 'wrong'}>
          {exitWords(exitCode)}
        </Badge>{' '}
        {words}
      </p>
      <p class="ran">
        <LongText text={command} />
      </p>
      {message !== '' && (
        <p class="message">
          <LongText text={message} />
        </p>
      )}
      {result !== null && outcomesOf(result).length === 0 && (
        <details>
          <summary>result</summary>
          <JsonView text={JSON.stringify(result)} label="Result of the command" />
        </details>
      )}
    </>
  );
}

function EventOutcomes({ outcomes }: { readonly outcomes: readonly EventOutcome[] }) {
  if (outcomes.length === 0) return null;
  return (
    <LongList
      items={outcomes}
      label="Outcomes of events"
      item={({ key, outcome, stays, detail }, index) => (
        <li key={index}>
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
      )}
    />
  );
}
