import { loadBackend } from '@pathcast/train/backends/backend';
import { defaultDataOptions } from '@pathcast/train/data/options';
import { readDataset } from '@pathcast/train/data/read';
import { serve } from '@pathcast/worker/scripts/serve';
import { dataFile } from '../support/data.ts';
import { inTemporaryFolder, lastLine, measureScript } from './measure.ts';
import { atLeast, atMost, type Bench, figure, near } from './report.ts';
import { askWorker, overlapWithLayers } from './served.ts';

interface LogLine {
  readonly cost: number;
  readonly accuracy: number;
  readonly testAccuracy: number | undefined;
}

/** `--recipe tutorial` on the tutorial's set: 1,000 rows of 4 pages, 52,739 classes. */
export const tutorial: Bench = {
  title: 'The tutorial’s navigation model, followed: LSTM 100 over one-hot, 52,739 classes',
  run: () =>
    inTemporaryFolder(async (out) => {
      const data = dataFile('tutorial/1000_index_x.txt.gz');
      if (!data) throw new Error('this bench needs the tutorial’s index files (tutorial) in PATHCAST_DATA');
      const args = ['navigation', '--recipe', 'tutorial', '--data', data, '--out', out];
      const { stdout, cpuSeconds } = await measureScript('train/src/main.ts', args);
      const log = parseLog(stdout);
      const at = (epoch: number): LogLine =>
        log.get(epoch) ?? { cost: Number.NaN, accuracy: 0, testAccuracy: 1 };
      const testAccuracies = [...log.values()].flatMap(({ testAccuracy }) => testAccuracy ?? []);
      const learnt = [...log].find(([, { accuracy }]) => accuracy >= 0.998)?.[0] ?? Number.POSITIVE_INFINITY;

      await loadBackend('wasm');
      const { sessions } = await readDataset(defaultDataOptions(data));
      const server = await serve({ artifacts: out, port: 0 });
      try {
        const trained = [...sessions.slice(0, 800)];
        const histories = trained.map((session) => session.slice(0, -1));
        const answers = await askWorker(server.url, 'navigation', histories, { top: 1 });
        const right = answers.filter(([best], i) => best?.page === trained[i]?.at(-1)).length;
        return [
          near('cost at epoch 0', at(0).cost * 1e4, 2.15, 0.05, '1e-4'),
          near('cost at epoch 100', at(100).cost * 1e4, 2.0, 0.05, '1e-4'),
          near('cost at epoch 170', at(170).cost * 1e4, 1.8, 0.08, '1e-4'),
          figure('training accuracy at epoch 320', at(320).accuracy),
          atMost('first epoch of training accuracy 0.998', learnt, 340),
          atMost(
            'largest test accuracy',
            testAccuracies.length > 0 ? Math.max(...testAccuracies) : Number.NaN,
            0.03,
          ),
          figure('CPU', cpuSeconds / 60, 'min'),
          atLeast('training rows that the Worker predicts', right / trained.length, 0.99),
          atLeast(
            'overlap@20 with the layers model',
            await overlapWithLayers(server.url, lastLine(stdout), histories.slice(0, 100)),
            0.98,
          ),
        ];
      } finally {
        await server.stop();
      }
    }),
};

function parseLog(stdout: string): Map<number, LogLine> {
  const line = /epoch +(\d+) {2}cost (\S+) {2}accuracy (\S+)(?: {2}test accuracy (\S+))?/g;
  return new Map(
    [...stdout.matchAll(line)].map(([, epoch, cost, accuracy, testAccuracy]) => [
      Number(epoch),
      {
        cost: Number(cost),
        accuracy: Number(accuracy),
        testAccuracy: testAccuracy === undefined ? undefined : Number(testAccuracy),
      },
    ]),
  );
}
