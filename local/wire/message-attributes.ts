import type { MessageAttribute, MessageAttributes } from '../fifo/message.ts';
import { asInput, defined, type Input, optionalText, text } from './input.ts';

/** Reads the `MessageAttributes` of a send or publish. */
export function readAttributes(input: Input): { messageAttributes?: MessageAttributes } {
  if (input.MessageAttributes === undefined || input.MessageAttributes === null) return {};
  const given = asInput(input.MessageAttributes);
  const entries = Object.keys(given).map((name) => [name, readAttribute(asInput(given[name]))] as const);
  return { messageAttributes: Object.fromEntries(entries) };
}

function readAttribute(input: Input): MessageAttribute {
  const values = { StringValue: optionalText(input, 'StringValue'), BinaryValue: optionalText(input, 'BinaryValue') };
  return { DataType: text(input, 'DataType'), ...defined(values) };
}

/**
 * The attributes that a receive asks for by name, by `prefix.*`, or all with `All` or `.*`
 * (sqs-api/API_ReceiveMessage).
 */
export function selectAttributes(attributes: MessageAttributes, wanted: readonly string[]): MessageAttributes {
  if (wanted.length === 0) return {};
  if (wanted.includes('All') || wanted.includes('.*')) return attributes;
  const prefixes = wanted.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -2));
  const isWanted = (name: string): boolean =>
    wanted.includes(name) || prefixes.some((prefix) => name.startsWith(prefix));
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isWanted(name)));
}
