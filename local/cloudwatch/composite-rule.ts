import type { AlarmState } from './alarm-state.ts';
import { invalid } from './errors.ts';

/** The rule of a composite alarm. */
export interface CompositeRule {
  /** The names of the alarms in the rule. */
  readonly alarms: ReadonlySet<string>;
  holds(stateOf: (alarmName: string) => AlarmState): boolean;
}

type Test = (stateOf: (alarmName: string) => AlarmState) => boolean;

const STATES = ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const;
/** A word, a bracket or a quoted name. After a state, the brackets may also contain an unquoted name or ARN. */
const TOKEN = /\s*(?:([A-Z_]+)\b|([()])|"([^"]*)")/y;
const BARE_NAME = /\s*\(\s*(?:"([^"]*)"|([^\s()"]+))\s*\)/y;

/**
 * Reads a rule such as `ALARM("a") AND (NOT OK(arn) OR TRUE)`. AND binds more strongly than OR
 * (cloudwatch/latest/APIReference/API_PutCompositeAlarm). Throws for a malformed rule.
 */
export function readCompositeRule(text: string): CompositeRule {
  const alarms = new Set<string>();
  let at = 0;

  function fail(expected: string): never {
    throw invalid(`AlarmRule: expected ${expected} at position ${at} of '${text}'`);
  }
  function peek(): string | undefined {
    TOKEN.lastIndex = at;
    const [, word, bracket] = TOKEN.exec(text) ?? [];
    return word ?? bracket;
  }
  function take(): void {
    TOKEN.lastIndex = at;
    TOKEN.exec(text);
    at = TOKEN.lastIndex;
  }

  function either(): Test {
    let left = both();
    while (peek() === 'OR') {
      take();
      const [before, right] = [left, both()];
      left = (stateOf) => before(stateOf) || right(stateOf);
    }
    return left;
  }
  function both(): Test {
    let left = one();
    while (peek() === 'AND') {
      take();
      const [before, right] = [left, one()];
      left = (stateOf) => before(stateOf) && right(stateOf);
    }
    return left;
  }
  function one(): Test {
    const token = peek();
    if (token === undefined) return fail('ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE, NOT or a bracket');
    take();
    if (token === 'TRUE') return () => true;
    if (token === 'FALSE') return () => false;
    if (token === 'NOT') {
      const negated = one();
      return (stateOf) => !negated(stateOf);
    }
    if (token === '(') {
      const inside = either();
      if (peek() !== ')') fail('a closing bracket');
      take();
      return inside;
    }
    const state = STATES.find((each) => each === token);
    return state ? inState(state) : fail(`something other than ${token}`);
  }
  function inState(state: AlarmState): Test {
    BARE_NAME.lastIndex = at;
    const [matched, quoted, bare] = BARE_NAME.exec(text) ?? [];
    if (matched === undefined) fail('an alarm in brackets');
    at += matched?.length ?? 0;
    const name = alarmNameOf(quoted ?? bare ?? '');
    alarms.add(name);
    return (stateOf) => stateOf(name) === state;
  }

  const holds = either();
  if (text.slice(at).trim() !== '') fail('AND, OR or the end');
  return { alarms, holds };
}

/** The name of an alarm that is given by name or ARN. */
export function alarmNameOf(reference: string): string {
  return reference.replace(/^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:/, '');
}
