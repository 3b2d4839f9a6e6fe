import { groupsOf, runGroups } from '../message-groups.ts';
import type { Projection } from './group.ts';
import { closeBatch, type OpenBatch, openBatch, projectIn, runOf } from './open-batch.ts';
import type { ReceivedMessage } from './ports.ts';
import type { ProjectReport } from './report.ts';
import { projectSuspects, SUSPECT_RECEIVES } from './suspects.ts';

/**
 * Applies a batch of messages to the boundary's cache: groups side by side, each by itself. A group that fails is
 * returned alone. What isn't done when the time runs out is returned untouched.
 *
 * @param outOfTime resolves when the report must be given; default never
 */
export async function projectBatch(
  projection: Projection,
  messages: readonly ReceivedMessage[],
  outOfTime: Promise<void> = new Promise(() => {}),
): Promise<ProjectReport> {
  const batch = openBatch(projection);
  await Promise.race([projectAll(batch, messages), outOfTime]);
  return closeBatch(batch, messages);
}

async function projectAll(batch: OpenBatch, messages: readonly ReceivedMessage[]): Promise<void> {
  const groups = groupsOf(messages, ({ groupId }) => groupId);
  const suspects = groups.filter((group) => group.some(({ receiveCount }) => receiveCount >= SUSPECT_RECEIVES));
  const others = groups.filter((group) => !suspects.includes(group)).flat();
  await runGroups(
    others,
    runOf(batch, (group) => projectIn(batch, group)),
  );
  await projectSuspects(batch, suspects, messages.length);
}
