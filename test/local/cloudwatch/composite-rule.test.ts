import { expect, test } from 'vitest';
import type { AlarmState } from '../../../local/cloudwatch/alarm-state.ts';
import { readCompositeRule } from '../../../local/cloudwatch/composite-rule.ts';

const states: Readonly<Record<string, AlarmState>> = { on: 'ALARM', off: 'OK', 'no data': 'INSUFFICIENT_DATA' };
const arn = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:on';

test.each([
  ['ALARM("on")', true],
  ['ALARM(on)', true],
  [`ALARM("${arn}")`, true],
  [`ALARM(${arn})`, true],
  ['ALARM(off)', false],
  ['OK(off)', true],
  ['INSUFFICIENT_DATA("no data")', true],
  ['NOT ALARM(off)', true],
  ['(NOT (ALARM(on)))', false],
  ['ALARM(on) AND OK(on)', false],
  ['ALARM(on) OR OK(on)', true],
  ['TRUE', true],
  ['FALSE OR ALARM(on)', true],
  ['TRUE OR FALSE AND FALSE', true],
  ['(TRUE OR FALSE) AND FALSE', false],
  ['NOT FALSE AND TRUE', true],
  ['(ALARM("on")\n AND (OK("off") OR ALARM("off")))', true],
])('whether the composite rule %s holds is %s', (text, expected) => {
  expect(readCompositeRule(text).holds((name) => states[name] ?? 'INSUFFICIENT_DATA')).toBe(expected);
});

test('a composite rule lists the alarms that it names', () => {
  expect([...readCompositeRule(`ALARM("a b") AND NOT OK(${arn})`).alarms]).toEqual(['a b', 'on']);
});

test.each([
  '',
  'ALARM',
  'ALARM()',
  'ALARM(a',
  'ALARM(a) AND',
  'ALARM(a) ALARM(b)',
  '(TRUE',
  'MAYBE(a)',
  'TRUE)',
  'AND',
])('the composite rule %j is refused', (text) => {
  expect(() => readCompositeRule(text)).toThrow('AlarmRule: ');
});
