/**
 * Whether an action matches a policy's pattern, regardless of case (iam/reference_policies_elements_action).
 * @param pattern may contain `*` for any characters and `?` for one character
 */
export function actionMatches(pattern: string, action: string): boolean {
  return textMatches(pattern.toLowerCase(), action.toLowerCase());
}

/** Whether a text matches a pattern by the rules of StringLike. Case matters. */
export function textMatches(pattern: string, text: string): boolean {
  return new RegExp(`^${source(pattern, '.*', '.')}$`, 's').test(text);
}

/**
 * Whether a resource matches a policy's pattern. A wildcard matches within its segment of the ARN only, except a `*` at
 * the end of a segment, which may match further segments (iam/reference_policies_elements_resource).
 */
export function resourceMatches(pattern: string, arn: string): boolean {
  const segments = pattern.split(':').map((segment) => {
    const isOpen = segment.endsWith('*');
    return source(isOpen ? segment.slice(0, -1) : segment, '[^:]*', '[^:]') + (isOpen ? '.*' : '');
  });
  return new RegExp(`^${segments.join(':')}$`, 's').test(arn);
}

const ARN_PARTS = 6;

/**
 * Whether an ARN matches a pattern by the rules of ArnLike, which compares each of the six parts separately
 * (iam/reference_policies_elements_condition_operators).
 */
export function arnMatches(pattern: string, arn: string): boolean {
  const [patterns, parts] = [arnParts(pattern), arnParts(arn)];
  if (parts === undefined || patterns === undefined) return false;
  return patterns.every((each, index) => textMatches(each, parts[index] ?? ''));
}

/** The six parts of an ARN. The last part, the resource, may contain colons. */
function arnParts(arn: string): string[] | undefined {
  const parts = arn.split(':');
  if (parts.length < ARN_PARTS) return undefined;
  return [...parts.slice(0, ARN_PARTS - 1), parts.slice(ARN_PARTS - 1).join(':')];
}

/** The source of a regular expression for a pattern. */
function source(pattern: string, any: string, one: string): string {
  return pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/[*?]/g, (wildcard) => (wildcard === '*' ? any : one));
}
