import { decompressed } from './compression.ts';
import { MAX_STATE_BYTES } from './state.ts';

/**
 * The body of a message for people to read: with `data` instead of compressed `data_base64`. Any other body, and one
 * whose data can't be decompressed to JSON, is returned unchanged. The data's JSON is copied as text, so no number
 * changes. Input may be hostile: it isn't decompressed beyond the size of the largest state.
 */
export function decodedBody(body: string): string {
  try {
    const { data_base64: encoded, ...envelope } = JSON.parse(body) as Record<string, unknown>;
    if (envelope.datacontenttype !== 'application/gzip' || typeof encoded !== 'string' || 'data' in envelope)
      return body;
    const json = decompressed(Buffer.from(encoded, 'base64'), MAX_STATE_BYTES);
    JSON.parse(json);
    return `${JSON.stringify(envelope).slice(0, -1)},"data":${json}}`;
  } catch {
    return body;
  }
}
