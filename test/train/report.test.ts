import { renderReport } from '@pathcast/train/report/render';
import { describe, expect, it } from 'vitest';
import { corners, drawn, LABELLER, NAVIGATION, section, table, textOf, widths } from '../support/reports.ts';

const page = renderReport(NAVIGATION);
const labeller = renderReport(LABELLER);

describe('the report', () => {
  it('says what the model is, how good it is, and what it is beside', () => {
    const text = textOf(page);
    expect(text).toContain(
      'A GRU of 100 units that reads the newest 19 pages of a visit and ranks 43,097 pages',
    );
    expect(text).toContain(
      'is among its first 20 in 52.4 % of 60,858 test predictions; the best baseline, markov, has it there in 30.7 %',
    );
  });

  it('ranks the model, its parts and the baselines, the best first', () => {
    const beside = section(page, 'Beside the baselines');
    expect(table(beside)).toEqual([
      ['Ranked by', 'Recall@1', 'Recall@5', 'Recall@20', 'MRR@20'],
      ['pathcast', '9.2', '28.1', '52.4', '17.4'],
      ['recurrent', '9.2', '28.1', '50.3', '16.9'],
      ['neighbours', '9.2', '28.1', '48.7', '16.1'],
      ['markov', '9.2', '28.1', '30.7', '10.8'],
      ['popularity', '9.2', '28.1', '0.9', '0.2'],
    ]);
    expect(drawn(page, 'recallAt20')).toEqual(
      expect.arrayContaining([
        'pathcast',
        '52.4',
        'recurrent',
        '50.3',
        'markov',
        '30.7',
        'popularity',
        '0.9',
      ]),
    );
    const [[model], [recurrent]] = [
      widths(page, 'recallAt20', 'model'),
      widths(page, 'recallAt20', 'recurrent'),
    ];
    expect((recurrent ?? 0) / (model ?? 1)).toBeCloseTo(0.5032 / 0.5241, 2);
    expect(textOf(beside)).toContain('95 % interval 52.0 to 52.8; lead on markov +21.7 (+21.2 to +22.2).');
  });

  it('draws loss and recall of every epoch, and lists them with the final fit beside', () => {
    expect(table(section(page, 'How it learned'))).toEqual([
      [
        'Epoch',
        'Loss',
        'Held-out loss',
        'Recall@20 (%)',
        'MRR@20 (%)',
        'Time',
        'Final fit: loss',
        'Final fit: time',
        'Learning rate',
      ],
      ['1', '8.300', '7.500', '29.5', '9.1', '1 min 37 s', '8.270', '1 min 48 s', '0.1'],
      ['2', '6.990', '6.693', '39.3', '12.7', '1 min 38 s', '', '', '0.02'],
    ]);
    expect(drawn(page, 'loss')).toEqual(
      expect.arrayContaining(['training', 'held out', 'final fit', 'Epoch', 'Loss (nats a step)']),
    );
    expect(drawn(page, 'recall')).toEqual(expect.arrayContaining(['Recall@20', 'MRR@20']));
  });

  it('draws a curve to scale', () => {
    // 29.5 and 39.3 % on the upper line, 9.1 and 12.7 % on the lower: rises of 9.8 and 3.6, measured on the drawing.
    const [recall, mrr] = [corners(page, 'recall', 'model'), corners(page, 'recall', 'ink')];
    const rise = ([from, to]: number[][]) => (from?.[1] ?? 0) - (to?.[1] ?? 0);
    expect(rise(recall) / rise(mrr)).toBeCloseTo(9.8 / 3.6, 1);
    expect(((mrr[0]?.[1] ?? 0) - (recall[0]?.[1] ?? 0)) / rise(recall)).toBeCloseTo((29.5 - 9.1) / 9.8, 1);
  });

  it('lists recall by history length and page frequency', () => {
    const found = section(page, 'Where it does well');
    expect(table(found, 0)).toEqual([
      ['Pages known', 'Predictions', 'pathcast', 'markov'],
      ['1', '15,963', '55.1', '31.9'],
      ['2+', '44,895', '47.2', '21.6'],
    ]);
    expect(table(found, 1).slice(1)).toEqual([
      ['1–255', '40,000', '30.1', '17.4'],
      ['256–1,023', '20,858', '65.3', '27.9'],
    ]);
    // From 55.1 to 47.2 %, and from 31.9 to 21.6 %.
    const falls = ['model', 'plain'].map((tone) => {
      const [from, to] = corners(page, 'historyLength', tone);
      return (to?.[1] ?? 0) - (from?.[1] ?? 0);
    });
    expect((falls[1] ?? 0) / (falls[0] ?? 1)).toBeCloseTo(10.3 / 7.9, 1);
    expect(drawn(page, 'historyLength')).toEqual(expect.arrayContaining(['1', '2+', 'pathcast', 'markov']));
  });

  it('lists the weights of the parts that are mixed, bins that read the same as one', () => {
    const [unseen, seen] = widths(page, 'mixture', 'recurrent');
    expect((seen ?? 0) / (unseen ?? 1)).toBeCloseTo(0.875 / 0.75, 1);
    expect(table(section(page, 'What the probability is mixed of'))).toEqual([
      ['Times seen', 'recurrent', 'neighbours'],
      ['0', '75.0', '25.0'],
      ['1+', '87.5', '12.5'],
    ]);
  });

  it('lists each reliability bin, and draws it where it belongs', () => {
    const found = section(page, 'Whether its probabilities hold');
    expect(table(found)).toEqual([
      ['Stated', 'Came next', 'Difference', 'Predictions'],
      ['4.2', '5.3', '+1.1', '26,040'],
      ['70.8', '68.4', '−2.4', '725'],
    ]);
    expect(textOf(found)).toContain('differs by 1.1 % on average');
    const [low, high] = corners(page, 'reliability', 'model');
    const [from, to] = corners(page, 'reliability', 'plain'); // 0, 0 to 100, 100
    const along = (axis: 0 | 1, point: number[] | undefined) =>
      ((point?.[axis] ?? 0) - (from?.[axis] ?? 0)) / ((to?.[axis] ?? 0) - (from?.[axis] ?? 0));
    expect(along(0, low)).toBeCloseTo(0.0421, 2);
    expect(along(1, low)).toBeCloseTo(0.0533, 2);
    expect(along(0, high)).toBeCloseTo(0.7083, 2);
    expect(along(1, high)).toBeCloseTo(0.6842, 2);
  });

  it('recommends the threshold of most coverage within 0.3 wasted fetches a navigation', () => {
    const found = section(page, 'What prefetching would cost');
    expect(textOf(found)).toContain('Chosen is 0.35');
    expect(table(found).map(([first]) => first)).toEqual(['Threshold', '0.05', '0.35, chosen', '0.8']);
    expect(table(found)[2]).toEqual(['0.35, chosen', '45.4', '24.0', '0.53', '0.29']);
    // Coverage falls from 55.4 to 24 to 2 %, while precision rises from 18.7 to 45.4 to 79.5 %.
    const [low, middle, high] = corners(page, 'precision', 'model');
    const between = (axis: 0 | 1) =>
      ((middle?.[axis] ?? 0) - (low?.[axis] ?? 0)) / ((high?.[axis] ?? 0) - (low?.[axis] ?? 0));
    expect(between(0)).toBeCloseTo((55.4 - 24) / (55.4 - 2), 2);
    expect(between(1)).toBeCloseTo((45.4 - 18.7) / (79.5 - 18.7), 2);
    expect(drawn(page, 'precision')).toContain('p ≥ 0.35');
    expect(drawn(page, 'waste')).toEqual(expect.arrayContaining(['p ≥ 0.35', 'budget 0.3']));
  });

  it('says so when no threshold keeps within the budget', () => {
    const [costly] = NAVIGATION.calibration?.thresholds ?? [];
    if (!NAVIGATION.calibration || !costly) throw new Error('the case above has thresholds');
    const spendthrift = { ...NAVIGATION, calibration: { ...NAVIGATION.calibration, thresholds: [costly] } };
    expect(textOf(renderReport(spendthrift))).toContain('No threshold keeps within 0.3 wasted fetches');
  });

  it('says how the run was made and what it cost', () => {
    const cost = textOf(section(page, 'Time and memory'));
    expect(cost).toContain('On the wasm backend with 2 workers.');
    expect(cost).toMatch(
      /Time 28 min 14 s .*CPU time 2 h 3 min .*Peak memory 1.4 GB .*Events a second 14,210/,
    );
    const made = textOf(section(page, 'How it was made'));
    expect(made).toContain('npm run train -- navigation --data train.txt.gz');
    expect(made).toMatch(/sessions 186,670 .*hiddenUnits 100 .*batchSize 128 .*node v20.20.2/);
    expect(made).not.toContain('minVisitors');
  });
});

describe('a report of less', () => {
  it('leaves out what a labeller has not', () => {
    expect(textOf(labeller)).toContain('It gets 100.0 % of 6 labels of the training text right.');
    const headings = [...labeller.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading);
    expect(headings).toEqual([
      'Beside the baselines',
      'How it learned',
      'Time and memory',
      'How it was made',
    ]);
    expect([...labeller.matchAll(/<svg id="(\w+)"/g)].map(([, id]) => id)).toEqual(['recallAt1', 'loss']);
  });

  it('thins a long run out, its first and last epoch kept', () => {
    const rows = table(section(labeller, 'How it learned'));
    expect(rows[0]).toEqual(['Epoch', 'Loss', 'Time', 'Learning rate']);
    expect(rows).toHaveLength(25);
    expect([rows[1]?.[0], rows.at(-1)?.[0]]).toEqual(['1', '1,000']);
  });

  it('draws a loss that falls a thousandfold on a logarithmic axis', () => {
    expect(drawn(labeller, 'loss')).toEqual(expect.arrayContaining(['1e-4', '0.001', '0.01', '0.1', '1']));
    // A loss that falls by the same share each epoch is a straight line there.
    const line = corners(labeller, 'loss', 'model');
    const [first, middle, last] = [line[0], line[150], line.at(-1)];
    const slope = (from?: number[], to?: number[]) =>
      ((to?.[1] ?? 0) - (from?.[1] ?? 0)) / ((to?.[0] ?? 0) - (from?.[0] ?? 0));
    expect(slope(first, middle)).toBeCloseTo(slope(middle, last), 1);
  });

  it('holds what every run has when there is nothing else', () => {
    const { name, version, createdAt, spec, config, data, tools, command } = NAVIGATION;
    const bare = renderReport({
      name,
      version,
      createdAt,
      spec,
      config,
      data,
      tools,
      command,
      metrics: null,
    });
    expect([...bare.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading)).toEqual(['How it was made']);
    expect(bare).not.toContain('<svg');
  });

  it('leaves out a mixture of one part, and a curve without a finite loss', () => {
    const alone = Float32Array.from({ length: 48 }, (_, i) => (i % 3 === 0 ? 1 : 0));
    const curves = [
      { phase: 'final' as const, epoch: 1, trainLoss: Number.NaN, learningRate: 0.1, seconds: 1 },
    ];
    const text = renderReport({ ...NAVIGATION, mixtureWeights: alone, curves });
    expect(text).not.toContain('<h2>What the probability is mixed of</h2>');
    expect(text).not.toContain('<svg id="loss"');
  });
});
