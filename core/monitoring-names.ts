/**
 * Returns the name of the Contributor Insights rule that counts a cache's events by message group. It derives from the
 * projector's physical name, which is unique in an account and region and is an output of the stack, so that a command
 * can find the rule of a deployment.
 *
 * @param projector function name, up to 64 characters; a rule's name allows 128 (cloudwatch/API_InsightRule,
 *   2026-11-25)
 */
export function hottestGroupsRule(projector: string): string {
  return `${projector}-hottest-groups`;
}

/**
 * Returns the dimension value for the relay of a boundary's facts. It differs from the boundary's name, because the
 * governor reads the metrics of the entities' relay under that name.
 */
export function factRelayName(boundary: string): string {
  return `${boundary}:facts`;
}

/**
 * Returns the dimension value for a queue of facts. It differs from the queue's name, because a boundary may have the
 * same name and its owners are told the projector's values of the same metrics.
 */
export function factQueueName(queue: string): string {
  return `${queue}:queue`;
}
