import type { Deployment } from '../deployment/deployment.ts';

/** How often CloudWatch is read on AWS. It has no newer data in between, and it bills each metric that is read. */
export const AWS_METRICS_EVERY_MS = 30_000;

/** Asks a question at a time. */
export type Ask<T> = (nowMs: number) => Promise<T>;

/**
 * Asks again only if the last answer is older than this. Questions of the same time are asked once. An error isn't
 * remembered.
 */
export function rememberedFor<T>(everyMs: number, ask: Ask<T>): Ask<T> {
  let last: { readonly answer: Promise<T>; readonly atMs: number } | undefined;
  return (nowMs) => {
    if (last === undefined || (nowMs !== last.atMs && nowMs - last.atMs >= everyMs)) {
      const answer = ask(nowMs);
      const asked = { answer, atMs: nowMs };
      last = asked;
      answer.catch(() => {
        if (last === asked) last = undefined;
      });
    }
    return last.answer;
  };
}

/** Asks each time in the local cloud. On AWS, returns an answer that is at most some seconds old. */
export function remembered<T>({ isLocal }: Pick<Deployment, 'isLocal'>, ask: Ask<T>): Ask<T> {
  return rememberedFor(isLocal ? 0 : AWS_METRICS_EVERY_MS, ask);
}
