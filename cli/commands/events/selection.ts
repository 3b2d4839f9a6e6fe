import { type EntityRef, entityOfGroup, messageGroupId } from 'freshet-aws/internal/core/entity';
import type { Outcome } from 'freshet-aws/internal/core/outcome';
import { type LoggedOutcome, OUTCOMES_PROPERTY } from 'freshet-aws/internal/core/project/logged-outcome';

/** Which outcomes are printed. */
export interface Selection {
  /** Only those of this entity type. @default - all types */
  readonly type?: string | undefined;
  /** Only those of this entity, of the type `type`. @default - all entities */
  readonly id?: string | undefined;
  /** Only these outcomes. @default - all outcomes */
  readonly outcomes?: readonly Outcome[] | undefined;
}

/** Whether a logged outcome is selected. */
export function isSelected(selection: Selection, { outcome, type, id, group }: Omit<LoggedOutcome, 'reason'>): boolean {
  const entity = entityOf(selection);
  if (selection.outcomes !== undefined && !selection.outcomes.includes(outcome)) return false;
  if (group !== undefined && entity !== undefined) return group === messageGroupId(entity);
  if (group !== undefined && selection.type !== undefined) return group.startsWith(`${selection.type}#`);
  return (selection.type ?? type) === type && (selection.id ?? id) === id;
}

function entityOf({ type, id }: Selection): EntityRef | undefined {
  return type === undefined || id === undefined ? undefined : { type, id };
}

/**
 * The query of CloudWatch Logs Insights for the newest lines with a selected outcome. It may also find lines without
 * one, whose ids differ from the wanted one in punctuation only.
 *
 * @param limit the most lines
 */
export function queryOf(selection: Selection, limit: number): string {
  const filter = patternsOf(selection).map((pattern) => `@message like /${pattern}/`);
  return [
    'fields @timestamp, @message',
    `| filter ${filter.join(' or ')}`,
    '| sort @timestamp desc',
    `| limit ${limit}`,
  ].join('\n');
}

/** The regular expressions of the lines: one for events whose entity is known, one for those of a hashed group. */
function patternsOf({ outcomes = [], ...selection }: Selection): string[] {
  const { type } = selection;
  const entity = entityOf(selection);
  const some = outcomes.length === 1 ? outcomes.join() : `(${outcomes.join('|')})`;
  const outcome = outcomes.length === 0 ? '' : `"outcome":"${some}",`;
  if (entity !== undefined) {
    const named = outcome + pattern(`"type":${JSON.stringify(type)},"id":${JSON.stringify(entity.id)}`);
    const group = messageGroupId(entity);
    return entityOfGroup(group) === undefined ? [named, `${outcome}${pattern(`"group":"${group}"`)}`] : [named];
  }
  if (type !== undefined) return [`"type":"${type}",`, `"group":"${type}[^A-Za-z0-9]`].map((one) => outcome + one);
  return [outcome === '' ? pattern(`"${OUTCOMES_PROPERTY}":[`) : outcome];
}

/** The characters that mean themselves in a regular expression, and end neither the expression nor the query. */
const LITERAL = /^[A-Za-z0-9 "_:,-]$/;

/**
 * A regular expression that matches a text. Any other character is matched by a wildcard, so that an id can't change
 * the query: Logs Insights doesn't document how it reads escaped characters.
 */
function pattern(text: string): string {
  // A dot matches no line separator, of which there are some outside of ASCII.
  return [...text].map((one) => (LITERAL.test(one) ? one : one < '\u0080' ? '.' : '[^ ]')).join('');
}
