/** A JSON number, also with leading zeros. */
const NUMBER = /^-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** Texts of so few digits are always exact: a JavaScript number has at least 15 significant digits. */
const SHORT_INTEGER = /^-?[0-9]{1,15}$/;

/**
 * Returns the number that a numeric text would become if a JavaScript number can't hold it exactly. Returns undefined
 * if it can, or if the text isn't a JSON number. `1.0`, `1e2` and `0.1` are exact, because the number is written back
 * as the same decimal.
 */
export function roundedNumber(text: string): number | undefined {
  if (SHORT_INTEGER.test(text)) return undefined;
  const given = decimal(text);
  const number = Number(text);
  return given === undefined || given === decimal(String(number)) ? undefined : number;
}

/** A numeric text as its significant digits and a power of ten; undefined for any other text, such as `Infinity`. */
function decimal(text: string): string | undefined {
  const [matched, integer = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  if (matched === undefined) return undefined;
  const digits = (integer + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
