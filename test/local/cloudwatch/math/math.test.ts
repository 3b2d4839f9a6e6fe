import { expect, test } from 'vitest';
import { evaluate } from '../../../../local/cloudwatch/math/evaluate.ts';
import { parseExpression } from '../../../../local/cloudwatch/math/parse.ts';
import { isList, isNumber, type TimeSeries, type Value } from '../../../../local/cloudwatch/math/values.ts';

type Row = readonly (number | '-')[];

const periodMs = 60_000;
const times = [0, 1, 2, 3, 4].map((period) => period * periodMs);

function series(id: string, row: Row): TimeSeries {
  const points = row.flatMap((value, index) => (value === '-' ? [] : [[index * periodMs, value] as const]));
  return { id, label: id, periodMs, points: new Map(points) };
}

function shown(value: Value): unknown {
  if (isNumber(value)) return value;
  if (isList(value)) return value.map(shown);
  return times.map((atMs) => value.points.get(atMs) ?? '-');
}

function run(text: string, metrics: Readonly<Record<string, Row>>): unknown {
  const given = Object.entries(metrics).map(([id, row]) => series(id, row));
  const context = {
    find: (id: string) => given.find((each) => each.id === id),
    metrics: () => given,
    times: () => times,
  };
  return shown(evaluate(parseExpression(text), context));
}

const compared = { metric1: [30, 20, 0, 0], metric2: [20, '-', 20, '-'] } as const;
const chosen = { metric1: [1, 1, 0, 0, '-'], metric2: [30, '-', 0, 0, 30], metric3: [0, 0, 20, '-', 20] } as const;
const plain = { m1: [1, 2, 3, 4, 5], m2: [5, 4, 0, 2, 1] } as const;
const sparse = { m1: [2, '-', '-', 8, '-'] } as const;

test.each<[string, Readonly<Record<string, Row>>, unknown]>([
  // The examples on AWS's page.
  ['(metric1 < metric2)', compared, [0, 0, 1, 0, '-']],
  ['(metric1 >= 30)', compared, [1, 0, 0, 0, '-']],
  ['(metric1 > 15 AND metric2 > 15)', compared, [1, 0, 0, 0, '-']],
  ['metric1 > 15 && metric2 > 15', compared, [1, 0, 0, 0, '-']],
  ['metric1 > 25 OR metric2 > 15', compared, [1, 0, 1, 0, '-']],
  ['metric1 > 25 || metric2 > 15', compared, [1, 0, 1, 0, '-']],
  ['IF(metric1, metric2, metric3)', chosen, [30, 0, 20, '-', '-']],
  ['IF(metric1, 5, metric3)', chosen, [5, 5, 20, '-', '-']],
  ['IF(metric1, metric2, 5)', chosen, [30, 0, 5, 5, '-']],
  ['IF(metric1, metric2)', chosen, [30, 0, '-', '-', '-']],
  ['IF(1, metric2, metric3)', chosen, [30, '-', 0, 0, 30]],
  ['IF(0, metric2)', chosen, ['-', '-', '-', '-', '-']],
  // Arithmetic.
  ['m1 + 2 * m2', plain, [11, 10, 3, 8, 7]],
  ['-m1 * (m1 - m2) ^ 2 / 4', plain, [-4, -2, -6.75, -4, -20]],
  ['m1 / m2', plain, [0.2, 0.5, '-', 2, 5]],
  ['100 * m1 / SUM(m1)', { m1: [1, 3] }, [25, 75, '-', '-', '-']],
  ['m1 == m2', { m1: [1, 2], m2: [1, 3] }, [1, 0, '-', '-', '-']],
  ['m1 != 2', { m1: [1, 2] }, [1, 0, '-', '-', '-']],
  ['m1 + m2', { m1: [1, '-', 3], m2: ['-', '-', 1] }, [1, '-', 4, '-', '-']],
  [
    '[m1, m2] * 2',
    { m1: [1], m2: [2] },
    [
      [2, '-', '-', '-', '-'],
      [4, '-', '-', '-', '-'],
    ],
  ],
  // Functions.
  ['FILL(m1, 0)', sparse, [2, 0, 0, 8, 0]],
  ['FILL(m1, 0)', { m1: [] }, [0, 0, 0, 0, 0]],
  ['FILL(m1, REPEAT)', sparse, [2, 2, 2, 8, 8]],
  ['FILL(m1, LINEAR)', sparse, [2, 4, 6, 8, '-']],
  ['FILL(m1, MAX(m1))', sparse, [2, 8, 8, 8, 8]],
  ['FILL(m1, m2)', { ...sparse, m2: [1, 1, '-', 1, 1] }, [2, 1, '-', 8, 1]],
  ['MAX([m1, m2])', plain, [5, 4, 3, 4, 5]],
  ['MIN([m1, m2])', plain, [1, 2, 0, 2, 1]],
  ['SUM([m1, m2])', plain, [6, 6, 3, 6, 6]],
  ['AVG([m1, m2])', { m1: [2, 4], m2: [4, '-'] }, [3, 2, '-', '-', '-']],
  ['[MAX(m1), MIN(m1)]', plain, undefined],
  ['MAX(m1)', plain, 5],
  ['MIN(m1)', plain, 1],
  ['AVG(m1)', plain, 3],
  ['m1 - AVG(m1)', plain, [-2, -1, 0, 1, 2]],
  ['ABS(m1 - 3)', plain, [2, 1, 0, 1, 2]],
  ['CEIL(m1 / 2) - FLOOR(m1 / 2)', plain, [1, 0, 1, 0, 1]],
  ['RUNNING_SUM(m1)', plain, [1, 3, 6, 10, 15]],
  ['DIFF(m1)', { m1: [1, 4, '-', 2] }, ['-', 3, '-', -2, '-']],
  ['RATE(m1)', { m1: [0, 120, '-', 0] }, ['-', 2, '-', -1, '-']],
  ['m1 / PERIOD(m1)', { m1: [60, 120] }, [1, 2, '-', '-', '-']],
  ['SUM(METRICS())', plain, [6, 6, 3, 6, 6]],
  ['SUM(METRICS("2"))', plain, [5, 4, 0, 2, 1]],
  ['TIME_SERIES(MAX(m1))', plain, [5, 5, 5, 5, 5]],
])('the expression %s over %j has the expected result', (text, metrics, expected) => {
  if (expected === undefined) expect(() => run(text, metrics)).toThrow('An array may contain time series only');
  else expect(run(text, metrics)).toEqual(expected);
});

test.each([
  ['ANOMALY_DETECTION_BAND(m1)', 'The function ANOMALY_DETECTION_BAND is not supported. Supported are: ABS, AVG'],
  ['SEARCH("x", "Sum")', 'The function SEARCH is not supported'],
  ['SELECT AVG(x) FROM y', 'Metrics Insights queries are not emulated'],
  ['m1 +', "Error in expression 'm1 +'"],
  ['m1 m2', "Error in expression 'm1 m2': it is malformed"],
  ['', "Error in expression ''"],
  ['m1 % 2', 'the operator % is not supported'],
  ['m1.x', 'it is malformed'],
  ['!m1', 'it is malformed'],
  ['e1 + 1', 'There is no metric or expression with the id e1'],
  ['SUM(m1, m2)', 'SUM takes 1 arguments. Given: 2.'],
  ['SUM(5)', 'SUM takes a time series or an array of them'],
  ['IF([m1, m2], 1, 0)', 'IF with an array of time series is not supported'],
])('the expression "%s" is refused with the reason', (text, message) => {
  expect(() => run(text, plain)).toThrow(message);
});
