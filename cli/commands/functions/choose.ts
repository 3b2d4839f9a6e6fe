import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../../errors.ts';

/**
 * The function that a person means: the one of this name, or the only one whose name contains the text. The text is
 * compared without regard to case and without characters other than letters and digits, so that a construct's path,
 * such as `Ordering/Cache/Projector`, finds the function that has CloudFormation's name for it.
 *
 * @throws UsageError that lists the functions, if none or several match
 */
export function chooseFunction(names: readonly string[], given: string): string {
  const exact = names.find((name) => name === given);
  if (exact !== undefined) return exact;
  const wanted = plain(given);
  const [first, ...more] = wanted === '' ? [] : names.filter((name) => plain(name).includes(wanted));
  if (first === undefined)
    throw new UsageError(`name: no function's name contains ${quoted(given)}. Functions:${listed(names)}`);
  if (more.length === 0) return first;
  throw new UsageError(
    `name: ${quoted(given)} is part of the names of ${more.length + 1} functions. Pass more of the name, or the ` +
      `whole name, of one of them:${listed([first, ...more])}`,
  );
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? ' none' : names.map((name) => `\n  ${name}`).join('');
}
