import { expect, test } from 'vitest';
import { fromXRay, traceIdOf, traceparentOf, xRayTraceId } from '../../core/trace.ts';

const XRAY = { Root: '1-5759e988-bd862e3fe1be46a994272793', Parent: '53995c3f42cd8ad8', Sampled: '1' };
const TRACEPARENT = '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01';

test('an X-Ray header becomes a W3C traceparent, with or without the sampled flag', () => {
  expect(fromXRay(XRAY)).toBe(TRACEPARENT);
  expect(fromXRay({ ...XRAY, Sampled: '0' })).toBe(TRACEPARENT.replace(/01$/, '00'));
  expect(fromXRay({ Root: XRAY.Root, Parent: XRAY.Parent })).toBe(TRACEPARENT.replace(/01$/, '00'));
});

test('the trace id of a traceparent is written as in the X-Ray header that it came from', () => {
  expect(xRayTraceId(traceIdOf(TRACEPARENT) ?? '')).toBe(XRAY.Root);
  expect(traceIdOf(undefined)).toBeUndefined();
});

test.each([
  ['no parent', { Root: XRAY.Root }],
  ['no root', { Parent: XRAY.Parent }],
  ['a root of another version', { ...XRAY, Root: XRAY.Root.replace('1-', '2-') }],
  ['a parent that is too short', { ...XRAY, Parent: '53995c3f' }],
])('an X-Ray header with %s gives no trace context', (_, fields) => expect(fromXRay(fields)).toBeUndefined());

test.each([
  TRACEPARENT.toUpperCase(),
  TRACEPARENT.replace('00-', '01-'),
  `${TRACEPARENT}-more`,
  TRACEPARENT.replace(/-[0-9a-f]{16}-/, `-${'0'.repeat(16)}-`),
  TRACEPARENT.replace(/-[0-9a-f]{32}-/, `-${'0'.repeat(32)}-`),
  '',
  7,
  undefined,
])('%j is not a trace context', (text) => expect(traceparentOf(text)).toBeUndefined());
