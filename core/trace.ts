/**
 * * A W3C trace context, which CloudEvents carries as `traceparent`: version, trace id, parent id and flags in
 * hexadecimal digits (www.w3.org/TR/trace-context, github.com/cloudevents/spec, extensions/distributed-tracing.md).
 */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Returns the text if it is a trace context, else undefined. An invalid trace context never makes an event invalid. */
export function traceparentOf(text: unknown): string | undefined {
  return typeof text === 'string' && TRACEPARENT.test(text) ? text : undefined;
}

/** Returns the trace id of a trace context: 32 hexadecimal digits. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.split('-')[1];
}

/** Returns a trace id as X-Ray writes it (xray/xray-concepts, Tracing header, 2026-11-25). */
export function xRayTraceId(traceId: string): string {
  return `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
}

/**
 * Returns the trace context of an X-Ray tracing header, or undefined if the trace or the parent is missing
 * (xray/xray-concepts, Tracing header, 2026-11-25).
 *
 * @param fields `Root` as `1-5759e988-bd862e3fe1be46a994272793`, `Parent` as 16 hexadecimal digits, `Sampled` as 0 or 1
 */
export function fromXRay(fields: Readonly<Record<string, string>>): string | undefined {
  const [, time, rest] = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/.exec(fields.Root ?? '') ?? [];
  return traceparentOf(`00-${time}${rest}-${fields.Parent}-${fields.Sampled === '1' ? '01' : '00'}`);
}
