/** The content of an answer. A list becomes `<member>` elements; undefined values are left out. */
export type XmlValue = string | boolean | undefined | readonly XmlValue[] | { readonly [name: string]: XmlValue };

/** A map in the AWS Query protocol: one `<entry><key/><value/></entry>` for each entry. */
export function xmlMap(map: Readonly<Record<string, string>>): string {
  const entries = Object.entries(map).map(
    ([key, value]) => `<entry>${element('key', key)}${element('value', value)}</entry>`,
  );
  return entries.join('');
}

export function element(name: string, value: XmlValue): string {
  return value === undefined ? '' : `<${name}>${content(value)}</${name}>`;
}

function content(value: Exclude<XmlValue, undefined>): string {
  if (typeof value === 'string') return escapeXml(value);
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map((item: XmlValue) => element('member', item)).join('');
  return Object.entries(value)
    .map(([name, item]) => element(name, item))
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
};

function escapeXml(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => ENTITIES[character] ?? character);
}
