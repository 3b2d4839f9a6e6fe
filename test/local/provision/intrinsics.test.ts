// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of Fn::Sub
import { beforeEach, expect, test } from 'vitest';
import { evaluateCondition, resolve, type Scope } from '../../../local/provision/intrinsics.ts';
import { Placeholder } from '../../../local/provision/placeholder.ts';
import { references } from '../../../local/provision/references.ts';

let reasons: string[] = [];
beforeEach(() => {
  reasons = [];
});

const scope: Scope = {
  ref: (id) =>
    ({
      'AWS::Region': 'us-east-1',
      Queue: 'http://queue',
      List: ['x', 'y'],
      Bucket: new Placeholder('S-Bucket'),
      Subnets: new Placeholder('S-Subnets', ['S-Subnets']),
    })[id],
  attribute: (id, name) => (id === 'Queue' && name === 'Arn' ? 'arn:queue' : undefined),
  importValue: (name) => (name === 'Other:Topic' ? 'arn:topic' : undefined),
  stackOutput: (stack, output) => (stack === 'Other' && output === 'Table' ? 'arn:table' : undefined),
  mapped: (map, first, second) => (map === 'Runtimes' && first === 'us-east-1' ? `${second}-of-us` : undefined),
  condition: (name) => ({ Yes: true, No: false })[name],
  unknown(text, reason) {
    reasons.push(reason);
    return new Placeholder(text);
  },
};

test.each([
  ['Ref', { Ref: 'Queue' }, 'http://queue'],
  ['Fn::GetAtt with a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:queue'],
  ['Fn::GetAtt with a string', { 'Fn::GetAtt': 'Queue.Arn' }, 'arn:queue'],
  ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }, 1]] }, 'a-us-east-1-1'],
  ['Fn::Join of a list', { 'Fn::Join': ['-', { Ref: 'List' }] }, 'x-y'],
  ['Fn::Split', { 'Fn::Split': [':', { 'Fn::GetAtt': ['Queue', 'Arn'] }] }, ['arn', 'queue']],
  ['Fn::Select', { 'Fn::Select': ['1', { 'Fn::Split': [':', 'a:b'] }] }, 'b'],
  ['Fn::Sub', { 'Fn::Sub': '${AWS::Region}/${Queue.Arn}/${!Literal}' }, 'us-east-1/arn:queue/${Literal}'],
  [
    'Fn::Sub with variables',
    { 'Fn::Sub': ['${Own}-${Queue}', { Own: { Ref: 'AWS::Region' } }] },
    'us-east-1-http://queue',
  ],
  ['Fn::ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': 'Other:Topic' } }, 'arn:topic'],
  [
    'Fn::GetStackOutput',
    { 'Fn::GetStackOutput': { StackName: 'Other', Region: { Ref: 'AWS::Region' }, OutputName: 'Table' } },
    'arn:table',
  ],
  ['Fn::FindInMap', { 'Fn::FindInMap': ['Runtimes', { Ref: 'AWS::Region' }, 'value'] }, 'value-of-us'],
  ['Fn::If', { 'Fn::If': ['Yes', { Ref: 'Queue' }, { Ref: 'Missing' }] }, 'http://queue'],
  ['AWS::NoValue in an object', { a: 1, b: { Ref: 'AWS::NoValue' } }, { a: 1 }],
  ['AWS::NoValue by a condition in a list', [1, { 'Fn::If': ['No', 2, { Ref: 'AWS::NoValue' }] }], [1]],
  ['Fn::GetAZs', { 'Fn::GetAZs': '' }, ['us-east-1a', 'us-east-1b', 'us-east-1c']],
  ['Fn::Base64', { 'Fn::Base64': { Ref: 'Queue' } }, 'aHR0cDovL3F1ZXVl'],
  ['Fn::FindInMap with a default', { 'Fn::FindInMap': ['Regions', 'x', 'y', { DefaultValue: 'z' }] }, 'z'],
  ['an object with one ordinary key', { type: ['A'] }, { type: ['A'] }],
])('the template value %s is resolved', (_name, value, expected) => {
  expect(resolve(value, scope, 'Stack/Thing')).toEqual(expected);
});

test.each<[string, unknown, unknown, string[]]>([
  [
    'a function that is not emulated',
    { a: [{ 'Fn::Cidr': ['10.0.0.0/8', 2, 8] }] },
    { a: ['Fn::Cidr'] },
    ['Fn::Cidr is not emulated, so Fn::Cidr stands in'],
  ],
  [
    'an element of a function that is not emulated',
    { 'Fn::Select': [1, { 'Fn::Cidr': ['10.0.0.0/8', 2, 8] }] },
    'Fn::Cidr',
    ['Fn::Cidr is not emulated, so Fn::Cidr stands in'],
  ],
  [
    'an unknown export',
    { 'Fn::ImportValue': 'Net:Vpc' },
    'Net:Vpc',
    ['no earlier stack exports Net:Vpc, so Net:Vpc stands in'],
  ],
  [
    'an entry that the mappings lack',
    { 'Fn::FindInMap': ['Regions', 'x', 'y'] },
    'Regions.x.y',
    ['the mappings have no entry Regions.x.y, so Regions.x.y stands in'],
  ],
  [
    'a dynamic reference',
    { 'Fn::Join': ['', ['{{resolve:ssm:', '/a}}']] },
    '{{resolve:ssm:/a}}',
    ['{{resolve:ssm:/a}} is not resolved locally, and stays as it is'],
  ],
  ['a part that a placeholder has', { 'Fn::Select': [1, { 'Fn::Split': ['-', { Ref: 'Bucket' }] }] }, 'Bucket', []],
  ['a part that a placeholder lacks', { 'Fn::Select': [4, { 'Fn::Split': [':', { Ref: 'Bucket' }] }] }, 'S-Bucket', []],
  ['all parts of a placeholder', { 'Fn::Split': [':', { Ref: 'Bucket' }] }, ['S-Bucket'], []],
  ['an element of a list that is not known', { 'Fn::Select': [2, { Ref: 'Subnets' }] }, 'S-Subnets', []],
  ['a list that is not known', { Ids: { Ref: 'Subnets' } }, { Ids: ['S-Subnets'] }, []],
  ['a text of a list that is not known', { 'Fn::Join': [',', { Ref: 'Subnets' }] }, 'S-Subnets', []],
  ['a text with a placeholder', { 'Fn::Sub': 'https://${Bucket}/' }, 'https://S-Bucket/', []],
  ['a placeholder in Base64', { 'Fn::Base64': { Ref: 'Bucket' } }, 'Uy1CdWNrZXQ=', []],
])('a placeholder stands in for %s', (_name, value, expected, why) => {
  const placeholders: string[] = [];
  expect(resolve(value, scope, 'Stack/Thing', (text) => placeholders.push(text))).toEqual(expected);
  expect(reasons).toEqual(why);
  expect(placeholders).toHaveLength(1);
});

test.each([
  ['an unknown name', { a: { Ref: 'Missing' } }, 'Stack/Thing/a/Ref: there is no resource or parameter Missing'],
  ['an unknown attribute', { 'Fn::GetAtt': ['Queue', 'Size'] }, 'there is no attribute Size of a resource Queue'],
  ['an object in the place of a string', { 'Fn::Join': ['', [{}]] }, 'a string is required here, not {}'],
])('a template with %s is refused with the path of the value', (_name, value, message) => {
  expect(() => resolve(value, scope, 'Stack/Thing')).toThrow(message);
});

test.each([
  [{ 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] }, true],
  [{ 'Fn::Not': [{ Condition: 'Yes' }] }, false],
  [{ 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] }, false],
  [{ 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] }, true],
])('the template condition %j is %s', (condition, expected) => {
  expect(evaluateCondition(condition, scope, 'Stack/Conditions')).toBe(expected);
});

test('references in a template are found in all forms and at any depth', () => {
  const value = {
    a: [{ Ref: 'A' }, { 'Fn::GetAtt': ['B', 'Arn'] }, { 'Fn::GetAtt': 'C.Arn' }],
    b: { 'Fn::Join': ['', ['x', { 'Fn::Sub': '${D}-${E.Arn}-${!F}' }]] },
    c: { 'Fn::Sub': ['${G}', { H: { Ref: 'I' } }] },
  };
  expect([...references(value)].sort()).toEqual(['A', 'B', 'C', 'D', 'E', 'G', 'I']);
});
