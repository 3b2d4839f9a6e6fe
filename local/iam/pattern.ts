/**
 * Whether an action is one that a policy names; case doesn't count (iam/reference_policies_elements_action).
 * @param pattern with `*` for any characters, `?` for one
 */
export function actionMatches(pattern: string, action: string): boolean {
  return textMatches(pattern.toLowerCase(), action.toLowerCase());
}

/** Whether a text is like a pattern, case included, as StringLike has it. */
export function textMatches(pattern: string, text: string): boolean {
  return new RegExp(`^${source(pattern, '.*', '.')}$`, 's').test(text);
}

/**
 * Whether a resource is one that a policy names. A wildcard stays within its segment of the ARN, but for a `*` at the end of a segment,
 * which may go on beyond it (iam/reference_policies_elements_resource).
 */
export function resourceMatches(pattern: string, arn: string): boolean {
  const segments = pattern.split(':').map((segment) => {
    const isOpen = segment.endsWith('*');
    return source(isOpen ? segment.slice(0, -1) : segment, '[^:]*', '[^:]') + (isOpen ? '.*' : '');
  });
  return new RegExp(`^${segments.join(':')}$`, 's').test(arn);
}

const ARN_PARTS = 6;

/** Whether an ARN is like a pattern as ArnLike has it: each of the six parts by itself (iam/reference_policies_elements_condition_operators). */
export function arnMatches(pattern: string, arn: string): boolean {
  const [patterns, parts] = [arnParts(pattern), arnParts(arn)];
  if (parts === undefined || patterns === undefined) return false;
  return patterns.every((each, index) => textMatches(each, parts[index] ?? ''));
}

/** Partition to resource; colons in the resource are its own. */
function arnParts(arn: string): string[] | undefined {
  const parts = arn.split(':');
  if (parts.length < ARN_PARTS) return undefined;
  return [...parts.slice(0, ARN_PARTS - 1), parts.slice(ARN_PARTS - 1).join(':')];
}

/** A pattern as a regular expression. */
function source(pattern: string, any: string, one: string): string {
  return pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/[*?]/g, (wildcard) => (wildcard === '*' ? any : one));
}
