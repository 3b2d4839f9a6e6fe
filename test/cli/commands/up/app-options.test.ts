import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { withAppOptions } from '../../../../cli/commands/up/app-options.ts';

const optionsOf = (...args: readonly string[]) =>
  withAppOptions(new Command('up'))
    .exitOverride()
    .parse([...args], { from: 'user' })
    .opts();

describe('the options of freshet up for the CDK app', () => {
  test('context values are read from several options, and a value may contain an equals sign', () => {
    expect(optionsOf('-c', 'stage=test', '--context', 'query=a=b', '-c', 'empty=')).toEqual({
      context: { stage: 'test', query: 'a=b', empty: '' },
    });
  });

  test('without options there is neither context nor a choice of stacks', () => {
    expect(optionsOf()).toEqual({});
  });

  test('several patterns of stacks follow one option', () => {
    expect(optionsOf('--stacks', 'Owner', 'Production/*')).toEqual({ stacks: ['Owner', 'Production/*'] });
  });

  test.each(['stage', '=test'])('the context %j is refused, because it is not a key and a value', (given) => {
    expect(() => optionsOf('-c', given)).toThrow(`--context: not a key and a value: "${given}". Allowed: key=value.`);
  });
});
