import { useNow } from './live/clock.ts';
import { live, tick } from './live/live.ts';
import { useStore } from './live/store.ts';
import { Icon } from './parts/icon.tsx';
import { span } from './pure/words.ts';

/** What is wrong with the connection to the console or with its readings, and that a console only reads. */
export function Banners() {
  const { connection, trouble, failure, deployment, isOutdated } = useStore(live, (one) => one);
  return (
    <>
      {connection === 'lost' && <Lost />}
      {connection !== 'lost' && trouble !== undefined && (
        <p class="banner tone-bad" role="alert">
          <Icon name="wrong" /> The newest figures could not be read: {trouble} The picture shows the last ones.
        </p>
      )}
      {connection !== 'lost' && failure !== undefined && (
        <p class="banner tone-bad" role="alert">
          <Icon name="wrong" /> The deployment could not be read: {failure} Trying again.
        </p>
      )}
      {isOutdated && (
        <div class="banner tone-warn" role="alert">
          <Icon name="wrong" /> The console was started again, so this page can't change anything until you load it
          again. Copy your draft first: it is lost then.{' '}
          <button type="button" class="button small" onClick={() => location.reload()}>
            Load the page again
          </button>
        </div>
      )}
      {deployment !== undefined && deployment.actions.length === 0 && (
        <p class="banner tone-calm">
          <Icon name="held" /> This console only reads. To change something from it, start it with{' '}
          <code>freshet console --write</code>
        </p>
      )}
    </>
  );
}

const SECOND_MS = 1_000;

function Lost() {
  const now = useNow(SECOND_MS);
  const { atMs } = tick.get();
  return (
    <div class="banner tone-bad" role="alert">
      <Icon name="lost" /> The console doesn't answer. Look whether <code>freshet up</code> or{' '}
      <code>freshet console</code> still runs; the page connects again by itself.
      {/* The age changes each second. A screen reader is told of the loss only. */}
      <span aria-hidden="true">
        {atMs === 0 ? ' No data yet.' : ` Last data ${span(Math.max(0, now - atMs))} ago.`}
      </span>
    </div>
  );
}
