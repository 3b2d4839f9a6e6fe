/** A decimal number as `Number` reads it, without white space around it: JSON's numbers and `+1`, `.5`, `5.`, `007`. */
const DECIMAL = /^[+-]?([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/;

/** A hexadecimal, octal or binary integer, which `Number` reads too. */
const PREFIXED = /^0[xob]/i;

/** Texts of so few digits are always exact: a JavaScript number has at least 15 significant digits. */
const SHORT_INTEGER = /^-?[0-9]{1,15}$/;

/**
 * Returns the number that `Number` would make of a text if a JavaScript number can't hold it exactly. Returns undefined
 * if it can, or if the text isn't a number. `1.0`, `1e2` and `0.1` are exact, because the number is written back as the
 * same decimal.
 */
export function roundedNumber(text: string): number | undefined {
  if (SHORT_INTEGER.test(text)) return undefined;
  const digits = text.trim();
  const number = Number(digits);
  if (Number.isNaN(number)) return undefined;
  if (PREFIXED.test(digits)) return Number.isFinite(number) && BigInt(digits) === BigInt(number) ? undefined : number;
  const given = decimal(digits);
  return given === undefined || given === decimal(String(number)) ? undefined : number;
}

/** A decimal text as its significant digits and a power of ten; undefined for any other text, such as `Infinity`. */
function decimal(text: string): string | undefined {
  const [matched, integer = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (matched === undefined) return undefined;
  const digits = (integer + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

/**
 * Returns a decimal number in the one form of its value: digits without exponent, without leading zeros, and without
 * zeros at the end of a fraction. `1E+2` becomes `100`, and `0.50` becomes `0.5`. Returns any other text unchanged.
 */
export function decimalText(text: string): string {
  const [matched, integer = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (matched === undefined || integer + fraction === '') return text;
  const digits = (integer + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  const afterPoint = fraction.length - Number(exponent);
  const whole = afterPoint <= 0 ? digits + '0'.repeat(-afterPoint) : digits.slice(0, -afterPoint);
  const rest = afterPoint <= 0 ? '' : digits.slice(-afterPoint).padStart(afterPoint, '0').replace(/0+$/, '');
  return `${text.startsWith('-') ? '-' : ''}${whole || '0'}${rest && `.${rest}`}`;
}
