/** The names in a text of Fn::Sub. `${!Literal}` becomes `${Literal}`. */
export const SUBSTITUTION = /\$\{(!?)([^}]+)\}/g;

/** The names that a value refers to: logical ids, parameters and pseudo parameters. */
export function references(value: unknown): Set<string> {
  const names = new Set<string>();
  const collect = (each: unknown): void => {
    if (Array.isArray(each)) for (const element of each) collect(element);
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return;
    for (const [key, argument] of Object.entries(each)) {
      const first = Array.isArray(argument) ? argument[0] : argument;
      if (key === 'Ref' && typeof argument === 'string') names.add(argument);
      if (key === 'Fn::GetAtt' && typeof first === 'string') names.add(first.split('.')[0] ?? first);
      if (key === 'Fn::Sub' && typeof first === 'string')
        for (const [, literal, name = ''] of first.matchAll(SUBSTITUTION))
          if (!literal) names.add(name.split('.')[0] ?? name);
      collect(argument);
    }
  };
  collect(value);
  return names;
}
