import { expect, test } from 'vitest';
import { reportLeftOut } from '../../../../cli/commands/up/report.ts';

test('what is left out is listed once for each reason, with the first paths, and by type where there is no reason', () => {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const layers = ['A', 'B', 'C', 'D', 'E'].map((id) => ({
    path: `Orders/${id}`,
    type: 'AWS::Lambda::Function',
    reason: 'Layers: the function runs without its layers',
  }));
  const bucket = { path: 'Orders/Files', type: 'AWS::S3::Bucket' };
  const other = { path: 'Orders/A', type: 'AWS::Lambda::Function', reason: 'VpcConfig: outside' };
  reportLeftOut([...layers, bucket, other, bucket], { print, step: print, heading: print, progress: print });
  expect(lines).toEqual([
    'left out (functions get a placeholder for the name or ARN): 2 AWS::S3::Bucket',
    '  ! left out: Orders/A, Orders/B, Orders/C and 2 more (AWS::Lambda::Function): Layers: the function runs without its layers',
    '  ! left out: Orders/A (AWS::Lambda::Function): VpcConfig: outside',
  ]);
});

test('nothing is printed if nothing is left out', () => {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  reportLeftOut([], { print, step: print, heading: print, progress: print });
  expect(lines).toEqual([]);
});
