/** TypeScript in a clone of the project, JavaScript in the package. */
const isClone = import.meta.url.endsWith('.ts');

/** A command as you type it: `npx freshet status`, or in a clone of the project `npm run -s freshet -- status`. */
export function typed(command: string): string {
  return `${isClone ? 'npm run -s freshet --' : 'npx freshet'} ${command}`;
}
