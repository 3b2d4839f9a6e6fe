const BYTE_ORDER_MARK = '\uFEFF';

/** Returns a text without byte order mark and with `\n` as the end of its lines. */
export function plainText(text: string): string {
  return (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text).replaceAll('\r\n', '\n');
}

/** Returns a plain text with the byte order mark and the line ends of another text. */
export function inFormOf(given: string, plain: string): string {
  const mark = given.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  return mark + (given.includes('\r\n') ? plain.replaceAll('\n', '\r\n') : plain);
}
