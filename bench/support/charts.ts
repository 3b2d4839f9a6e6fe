import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Chart } from './result.ts';

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

/** Colours that people with colour blindness can tell apart (Okabe and Ito), on white and on black. */
const COLOURS = ['#0072B2', '#56B4E9', '#E69F00', '#009E73', '#CC79A7', '#D55E00'];

/** Draws a chart as SVG. */
export function drawChart({ title, unit, kind, logarithmic = false, categories, series }: Chart): string {
  return renderSvg(title, 420, {
    grid: { left: 60, right: 20, top: 70, bottom: 60 },
    xAxis: { type: 'category', data: [...categories] },
    yAxis: { type: logarithmic ? 'log' : 'value', name: unit },
    series: series.map(({ name, values }) => ({
      name,
      type: kind,
      data: values.map((value) => (value === undefined ? '-' : rounded(value))),
    })),
  });
}

/** Rounds to a tenth, and values below 1 to three digits: the logarithm of 0 can't be drawn. */
function rounded(value: number): number {
  return Math.abs(value) < 1 ? Number(value.toPrecision(3)) : Math.round(value * 10) / 10;
}

/** Draws axes and series as SVG, with a title and a legend. @param height pixels; the width is 900 */
export function renderSvg(title: string, height: number, parts: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 900, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    color: COLOURS,
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { bottom: 0, itemGap: 24 },
    ...parts,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // The style sheet only serves the mouse. The title is for people who can't see the chart.
  const still = svg.replace(/<style[\s\S]*?<\/style>\s*/g, '').replace(/ class="[^"]*"/g, '');
  return `${still.replace(/<svg[^>]*>/, (tag) => `${tag}\n<title>${escaped(title)}</title>`).trim()}\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
