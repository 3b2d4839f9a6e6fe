import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Banners } from './banners.tsx';
import { ContractsView } from './contracts/contracts-view.tsx';
import { EntitiesView } from './entities/entities-view.tsx';
import { FlowView } from './flow/flow-view.tsx';
import { Header } from './header.tsx';
import { Keys, useKeys } from './keys.tsx';
import { live } from './live/live.ts';
import { route } from './live/route.ts';
import { useStore } from './live/store.ts';
import { NumbersView } from './numbers/numbers-view.tsx';
import { ParkedView } from './parked/parked-view.tsx';
import { ActionLog } from './parts/action-log.tsx';
import { type Route, TITLES, type View } from './pure/route.ts';
import { SagasView } from './sagas/sagas-view.tsx';

const CONTENT: Readonly<Record<View, ComponentType<Route>>> = {
  flow: FlowView,
  entities: EntitiesView,
  parked: ParkedView,
  numbers: NumbersView,
  contracts: ContractsView,
  sagas: SagasView,
};

/** The whole page. */
export function App() {
  const here = useStore(route, (one) => one);
  const place = useStore(live, ({ deployment }) => deployment?.place);
  const [areKeysShown, showKeys] = useState(false);
  useKeys(() => showKeys(true));
  useEffect(() => {
    document.title = `${TITLES[here.view]} · Freshet${place === undefined ? '' : ` · ${place}`}`;
  }, [here.view, place]);
  const Content = CONTENT[here.view];
  return (
    <>
      <button type="button" class="button skip" onClick={focusMain}>
        Skip to the content
      </button>
      <Header view={here.view} showKeys={() => showKeys(true)} />
      <main id="main" tabIndex={-1} class={`view view-${here.view}`}>
        <h1 class="hidden">{TITLES[here.view]}</h1>
        <Banners />
        <Content {...here} />
      </main>
      <ActionLog />
      {areKeysShown && <Keys close={() => showKeys(false)} />}
    </>
  );
}

function focusMain(): void {
  document.getElementById('main')?.focus();
}
