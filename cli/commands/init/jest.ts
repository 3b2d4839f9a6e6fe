import { inFormOf, plainText } from './text-form.ts';

/** Jest leaves out `node_modules` from what it transforms. Freshet's packages are ES modules, so it must not. */
const PATTERNS = "transformIgnorePatterns: ['/node_modules/(?!freshet-)'],";

/** The transform in the jest.config.js of `cdk init`. */
const TRANSFORM = /^([^\S\n]*)transform: \{\s*'\^\.\+\\\\\.tsx\?\$': \['@swc\/jest'\],?\s*\},?[^\S\n]*$/m;

/**
 * Makes the jest.config.js of `cdk init` transform Freshet's packages. Returns it as it is if it does so already, and
 * undefined if it isn't the file of `cdk init`.
 */
export function withFreshetTransformed(config: string): string | undefined {
  if (config.includes('(?!freshet-)')) return config;
  const text = plainText(config);
  if (!TRANSFORM.test(text) || text.includes('transformIgnorePatterns')) return undefined;
  const transformed = text.replace(
    TRANSFORM,
    (_, indent: string) => `${indent}transform: { '^.+\\\\.[jt]sx?$': ['@swc/jest'] },\n${indent}${PATTERNS}`,
  );
  return inFormOf(config, transformed);
}
