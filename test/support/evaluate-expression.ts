/** A metric math expression as CloudWatch reads it, on one value of each metric; undefined is a gap that nothing came before. */
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
