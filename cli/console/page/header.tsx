import { live } from './live/live.ts';
import { useStore } from './live/store.ts';
import { THEMES, theme } from './live/theme.ts';
import { Icon } from './parts/icon.tsx';
import { routeTo, TITLES, VIEWS, type View } from './pure/route.ts';

interface HeaderProps {
  readonly view: View;
  readonly showKeys: () => void;
}

/** The name of the deployment, the navigation, and how the connection stands. */
export function Header({ view, showKeys }: HeaderProps) {
  const place = useStore(live, ({ deployment }) => deployment?.place);
  const stacks = useStore(live, ({ deployment }) => deployment?.stacks.join(', '));
  return (
    <header class="top">
      <a class="brand" href={routeTo('flow')}>
        <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
          <path d="M3 10c4.3-4 8.7-4 13 0s8.7 4 13 0M3 17c4.3-4 8.7-4 13 0s8.7 4 13 0M3 24c4.3-4 8.7-4 13 0s8.7 4 13 0" />
        </svg>
        Freshet
      </a>
      <span class="place" title={stacks}>
        {place ?? '…'}
      </span>
      <nav aria-label="Views">
        <ul>
          {VIEWS.map((one) => (
            <li key={one}>
              <a href={routeTo(one)} aria-current={one === view ? 'page' : undefined}>
                <Icon name={one} />
                {TITLES[one]}
                <Count view={one} />
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <Connection />
      <ThemeSwitch />
      <button type="button" class="button ghost keys-button" aria-label="Keys" title="Keys (?)" onClick={showKeys}>
        <Icon name="keys" />
      </button>
    </header>
  );
}

/** How much in a view needs attention. */
function Count({ view }: { readonly view: View }) {
  const value = useStore(live, ({ flow }) => {
    if (flow === undefined) return 0;
    if (view === 'parked')
      return [...flow.owners, ...flow.caches, ...flow.factQueues, ...flow.sagas].reduce(
        (sum, { parked }) => sum + parked,
        0,
      );
    if (view === 'numbers') return flow.alarms?.length ?? 0;
    return view === 'sagas' ? flow.sagas.reduce((sum, { due }) => sum + due, 0) : 0;
  });
  if (value === 0) return null;
  const what = view === 'parked' ? 'events' : view === 'numbers' ? 'alarms' : 'overdue';
  return (
    <span class={`count ${view === 'numbers' ? 'tone-bad' : 'tone-warn'}`}>
      {value > 999 ? '999+' : value}
      <span class="hidden"> {what}</span>
    </span>
  );
}

const CONNECTIONS = { connecting: 'connecting', live: 'live', lost: 'lost' } as const;

function Connection() {
  const connection = useStore(live, (one) => one.connection);
  return (
    <span class={`connection is-${connection}`} role="status">
      <Icon name={connection === 'lost' ? 'lost' : 'flow'} />
      <span class="hidden">Connection: </span>
      {CONNECTIONS[connection]}
    </span>
  );
}

function ThemeSwitch() {
  const chosen = useStore(theme, (one) => one);
  const next = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length] ?? 'system';
  return (
    <button
      type="button"
      class="button ghost"
      aria-label={`Theme: ${chosen}. Change to ${next}`}
      title={`Theme: ${chosen}`}
      onClick={() => theme.set(next)}
    >
      <Icon name={chosen} />
    </button>
  );
}
