import { createHash, type Hash } from 'node:crypto';
import type { MessageAttributes } from './message.ts';

/** The MD5 of a message body, which SQS returns and the SDK verifies. */
export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

/**
 * The MD5 of the attributes, sorted by name. Each attribute contributes length and bytes of its name, type and value,
 * and one byte for the kind of value (sqs/sqs-message-metadata, "Calculating the MD5 message digest for message
 * attributes").
 */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes);
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  for (const name of names.sort()) {
    const attribute = attributes[name];
    if (attribute === undefined) continue;
    const isBinary = attribute.DataType.startsWith('Binary');
    addPart(hash, Buffer.from(name));
    addPart(hash, Buffer.from(attribute.DataType));
    hash.update(Buffer.of(isBinary ? 2 : 1));
    addPart(
      hash,
      isBinary ? Buffer.from(attribute.BinaryValue ?? '', 'base64') : Buffer.from(attribute.StringValue ?? ''),
    );
  }
  return hash.digest('hex');
}

function addPart(hash: Hash, bytes: Buffer): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  hash.update(length).update(bytes);
}
