import type { DeploymentDocument, ErrorDocument, FlowDocument } from '../../api/documents.ts';
import { createConnection, oneAtATime, whatToDoAbout } from '../pure/connection.ts';
import { shareUnchanged } from '../pure/share.ts';
import { drafts } from './draft.ts';
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
  /** Whether another instance of the console answers than the one that served the page. */
  readonly isOutdated: boolean;
}

/** See `Live`. */
export const live: Store<Live> = storeOf<Live>({
  deployment: undefined,
  flow: undefined,
  connection: 'connecting',
  trouble: undefined,
  failure: undefined,
  isOutdated: false,
});

/** The looks at the deployment that the server told of, and the time of the newest one by this browser's clock. */
export const tick = storeOf({ number: 0, atMs: 0 });

const RETRY_MS = 2_000;

/** Follows the deployment until the page is closed, as long as the page is visible. */
export function startLive(): void {
  void readDeployment();
  const connection = createConnection(listen, (then) => {
    const timer = setTimeout(then, RETRY_MS);
    return () => clearTimeout(timer);
  });
  const follow = () => connection.setVisible(!document.hidden);
  document.addEventListener('visibilitychange', follow);
  follow();
}

function change(part: Partial<Live>): void {
  live.set(shareUnchanged(live.get(), { ...live.get(), ...part }));
}

const readDeployment = oneAtATime(async () => {
  const answer = await read<DeploymentDocument>('/api/deployment');
  if (answer.kind === 'failed') {
    change({ failure: answer.message });
    setTimeout(readAgain, RETRY_MS);
    return;
  }
  const { deployment } = live.get();
  const todo = whatToDoAbout(deployment?.instance, answer.document.instance, drafts.get() > 0);
  // Until the page is loaded again, it keeps the instance that served it.
  if (todo === 'stay') change({ deployment: answer.document, failure: undefined, isOutdated: false });
  else if (todo === 'offer') change({ failure: undefined, isOutdated: true });
  else location.reload();
});

/** Tries again to read the deployment, unless that was done meanwhile. */
function readAgain(): void {
  if (live.get().failure !== undefined) void readDeployment();
}

function listen(lost: () => void): () => void {
  const source = new EventSource('/api/live');
  source.addEventListener('open', () => {
    change({ connection: 'live' });
    // The deployment, and the console itself, may have been replaced while there was no connection.
    void readDeployment();
  });
  source.addEventListener('flow', ({ data }) => receive(JSON.parse(data) as FlowDocument));
  source.addEventListener('same', looked);
  source.addEventListener('trouble', ({ data }) => change({ trouble: (JSON.parse(data) as ErrorDocument).error }));
  source.addEventListener('deployment', () => void readDeployment());
  source.addEventListener('error', () => {
    change({ connection: 'lost' });
    // The browser connects again by itself unless the server answered with an error.
    if (source.readyState === EventSource.CLOSED) lost();
  });
  return () => {
    source.close();
    if (live.get().connection === 'live') change({ connection: 'connecting' });
  };
}

function receive(flow: FlowDocument): void {
  const before = live.get().flow;
  // The time of the picture alone is no change of the picture.
  const picture = before === undefined ? flow : { ...flow, at: before.at };
  const shared = shareUnchanged(before, picture);
  change({ flow: shared === before ? before : { ...shared, at: flow.at } });
  looked();
}

/** Notes that the server has looked at the deployment; the newest picture is the current one. */
function looked(): void {
  change({ connection: 'live', trouble: undefined });
  tick.set({ number: tick.get().number + 1, atMs: Date.now() });
}
