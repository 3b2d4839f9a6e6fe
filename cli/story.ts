import type { LocalCloud } from 'freshet-local/internal/cloud';
import type { Reporter } from './reporter.ts';
import type { Session } from './session.ts';

/** What a story may use: everything deployed, the local cloud around it, and a person who watches. */
export interface Stage {
  readonly session: Session;
  readonly cloud: LocalCloud;
  readonly report: Reporter;
}

/** Something that `freshet up` plays once the local cloud runs; named by `freshet.story` in package.json. Throws when a claim didn't hold. */
export type Story = (stage: Stage) => Promise<void>;
