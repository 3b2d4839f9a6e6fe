import type { Replay } from './replay.ts';

/** The replays of an account that run. They progress whenever `advance` is called. */
export interface Replays {
  started(replay: Replay): void;
  /** Replays the next messages of each subscription. */
  advance(): void;
  isRunning(): boolean;
  /** Calls a listener whenever a replay starts. */
  onStarted(listener: () => void): void;
}

export function createReplays(): Replays {
  const running = new Set<Replay>();
  const listeners: (() => void)[] = [];

  function drop(): void {
    for (const replay of running) if (!replay.isRunning()) running.delete(replay);
  }

  return {
    started(replay) {
      running.add(replay);
      for (const listener of listeners) listener();
    },
    advance() {
      for (const replay of running) replay.advance();
      drop();
    },
    isRunning() {
      drop();
      return running.size > 0;
    },
    onStarted: (listener) => void listeners.push(listener),
  };
}
