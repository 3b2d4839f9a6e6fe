import { HIGH_WATER_LEVEL, pondLevel, pondState } from '../pure/pond.ts';
import { count } from '../pure/words.ts';

interface PondProps {
  readonly backlog: number;
  readonly highWater: number | null;
  readonly isFlowing: boolean;
}

/** A queue as a pond: the water's level is the backlog, and a mark shows the high water. The text is beside it. */
export function Pond({ backlog, highWater, isFlowing }: PondProps) {
  const level = pondLevel(backlog, highWater);
  return (
    <span class={`pond pond-${pondState(backlog, highWater)} ${isFlowing ? 'flowing' : ''}`} aria-hidden="true">
      <span class="water" style={{ transform: `translateY(${Math.round(1000 * (1 - level)) / 10}%)` }}>
        {level > 0 && (
          <svg class="wave" viewBox="0 0 80 6" preserveAspectRatio="none" aria-hidden="true">
            <path d="M0 3c5-3.5 15-3.5 20 0s15 3.5 20 0 15-3.5 20 0 15 3.5 20 0V6H0z" />
          </svg>
        )}
      </span>
      {highWater !== null && <span class="mark" style={{ bottom: `${100 * HIGH_WATER_LEVEL}%` }} />}
    </span>
  );
}

/** The backlog of a queue as text: `1,240 of 50,000`. */
export function backlogWords(backlog: number, highWater: number | null): string {
  return highWater === null ? count(backlog) : `${count(backlog)} of ${count(highWater)}`;
}
