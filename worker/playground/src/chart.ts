import uPlot from 'uplot';

const HEIGHT = 180;

/** A line that grows as the loss falls, on a logarithmic axis. */
export interface LossChart {
  add(step: number, loss: number): void;
  destroy(): void;
}

/** Draws into an element, as wide as it is, in the page's own colours. */
export function createLossChart(parent: HTMLElement, steps: number): LossChart {
  const style = getComputedStyle(parent);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  const data: [number[], number[]] = [[], []];
  const plot = new uPlot(
    {
      width: parent.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      padding: [12, 12, 0, 0],
      scales: { x: { time: false, range: () => [1, horizon(data[0].length, steps)] }, y: { distr: 3 } },
      axes: [
        { ...axis, label: 'Step', labelSize: 20, size: 34 },
        { ...axis, label: 'Loss', labelSize: 20, size: 48, values: (_, ticks) => ticks.map(tickLabel) },
      ],
      series: [
        {},
        { stroke: colour('--accent'), width: 2, fill: colour('--accent-soft'), points: { show: false } },
      ],
    },
    data,
    parent,
  );
  const resized = new ResizeObserver(() => plot.setSize({ width: parent.clientWidth, height: HEIGHT }));
  resized.observe(parent);
  return {
    add(step, loss) {
      data[0].push(step);
      data[1].push(Math.max(loss, 1e-6)); // a logarithm has no zero
      plot.setData(data);
    },
    destroy() {
      resized.disconnect();
      plot.destroy();
    },
  };
}

/** Room ahead of the line, since learning usually ends long before the last step it may take. */
function horizon(done: number, steps: number): number {
  return Math.min(steps, Math.max(20, Math.ceil((done * 1.25) / 20) * 20));
}

function tickLabel(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(1)));
}
