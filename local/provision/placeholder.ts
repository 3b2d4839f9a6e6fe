/** Stands in for a value that the local cloud doesn't know, such as a parameter without a default. */
export class Placeholder {
  /** What a function sees. */
  readonly text: string;
  /** The pieces of a placeholder for a list. @default - the placeholder is a text */
  readonly parts: readonly string[] | undefined;

  constructor(text: string, parts?: readonly string[]) {
    this.text = text;
    this.parts = parts;
  }
}

/** A text with a dynamic reference, which CloudFormation replaces while it deploys. Locally, it stays as it is. */
const DYNAMIC_REFERENCE = /\{\{resolve:[^}]*\}\}/g;

/** The dynamic references in a text. */
export function dynamicReferences(text: string): readonly string[] {
  return text.match(DYNAMIC_REFERENCE) ?? [];
}

/**
 * A value with the texts of its placeholders.
 *
 * @param onPlaceholder receives the text of each placeholder
 */
export function withTexts(value: unknown, onPlaceholder: (text: string) => void): unknown {
  if (value instanceof Placeholder) {
    onPlaceholder(value.text);
    return value.parts ?? value.text;
  }
  if (Array.isArray(value)) return value.map((each) => withTexts(each, onPlaceholder));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withTexts(each, onPlaceholder)]));
}
