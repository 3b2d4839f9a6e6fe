/**
 * Name of the Contributor Insights rule that counts a cache's events by message group. From the projector's physical name, which is unique in
 * its account and region and which the stack's output tells, so that whoever knows the deployment finds the rule.
 *
 * @param projector function name, up to 64 characters; a rule's name takes 128 (cloudwatch/API_InsightRule, 2026-11-25)
 */
export function hottestGroupsRule(projector: string): string {
  return `${projector}-hottest-groups`;
}

/**
 * Name under which the relay of a boundary's facts counts: not the boundary's own, since the governor of its entities goes by what their relay
 * says.
 */
export function factRelayName(boundary: string): string {
  return `${boundary}:facts`;
}

/**
 * Name under which a queue of facts counts: not its own, since a boundary may be named so, and what its projector says of the same metrics is what
 * the boundary's owners are told.
 */
export function factQueueName(queue: string): string {
  return `${queue}:queue`;
}
