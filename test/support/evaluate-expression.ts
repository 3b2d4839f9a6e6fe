/**
 * Evaluates a metric math expression as CloudWatch does.
 *
 * @param values one value of each metric; undefined is a missing value that no earlier value can fill
 */
export function evaluateExpression(
  expression = '',
  values: Readonly<Record<string, number | undefined>> = {},
): unknown {
  const script = expression
    .replaceAll(' AND ', ' && ')
    .replaceAll(' OR ', ' || ')
    .replaceAll(/FILL\((\w+), (\w+)\)/g, '(given.$1 ?? $2)');
  return new Function('given', 'IF', 'REPEAT', `return ${script};`)(
    values,
    (condition: boolean, yes: number, no: number) => (condition ? yes : no),
    Number.NaN,
  );
}
