import type { DeploymentDocument, ErrorDocument, FlowDocument } from '../../api/documents.ts';
import { shareUnchanged } from '../pure/share.ts';
import { read } from './request.ts';
import { type Store, storeOf } from './store.ts';

/** What the page knows of the deployment, and how. */
export interface Live {
  readonly deployment: DeploymentDocument | undefined;
  /** The newest picture. It is the same object until something in it changes, apart from its time. */
  readonly flow: FlowDocument | undefined;
  readonly connection: 'connecting' | 'live' | 'lost';
  /** Why the newest picture could not be read; undefined if it could. */
  readonly trouble: string | undefined;
  /** Why the deployment could not be read. */
  readonly failure: string | undefined;
}

/** See `Live`. */
export const live: Store<Live> = storeOf<Live>({
  deployment: undefined,
  flow: undefined,
  connection: 'connecting',
  trouble: undefined,
  failure: undefined,
});

/** The pictures received, and the time of the newest one by this browser's clock. */
export const tick = storeOf({ number: 0, atMs: 0 });

const RETRY_MS = 2_000;

/** Follows the deployment until the page is closed. */
export function startLive(): void {
  void readDeployment();
  listen();
}

function change(part: Partial<Live>): void {
  live.set(shareUnchanged(live.get(), { ...live.get(), ...part }));
}

async function readDeployment(): Promise<void> {
  const answer = await read<DeploymentDocument>('/api/deployment');
  if (answer.kind === 'document') change({ deployment: answer.document, failure: undefined });
  else {
    change({ failure: answer.message });
    setTimeout(readDeployment, RETRY_MS);
  }
}

function listen(): void {
  const source = new EventSource('/api/live');
  source.addEventListener('open', () => change({ connection: 'live' }));
  source.addEventListener('flow', ({ data }) => receive(JSON.parse(data) as FlowDocument));
  source.addEventListener('trouble', ({ data }) => change({ trouble: (JSON.parse(data) as ErrorDocument).error }));
  source.addEventListener('deployment', () => void readDeployment());
  source.addEventListener('error', () => {
    change({ connection: 'lost' });
    // The browser connects again by itself unless the server answered with an error.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  });
}

function receive(flow: FlowDocument): void {
  const before = live.get().flow;
  // The time of the picture alone is no change of the picture.
  const picture = before === undefined ? flow : { ...flow, at: before.at };
  const shared = shareUnchanged(before, picture);
  change({ flow: shared === before ? before : { ...shared, at: flow.at }, connection: 'live', trouble: undefined });
  tick.set({ number: tick.get().number + 1, atMs: Date.now() });
}
