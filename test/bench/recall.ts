import { loadBackend } from '@pathcast/train/backends/backend';
import { defaultDataOptions } from '@pathcast/train/data/options';
import { readDataset } from '@pathcast/train/data/read';
import { rankOf } from '@pathcast/train/evaluate/pack';
import { CUTOFF, RankingTally } from '@pathcast/train/evaluate/ranking';
import { serve } from '@pathcast/worker/scripts/serve';
import { dataFile } from '../support/data.ts';
import { inTemporaryFolder } from './measure.ts';
import { atLeast, atMost, type Bench, figure, near } from './report.ts';
import { askWorker, overlapWithLayers } from './served.ts';
import { rankingRows, trainNavigation } from './trained.ts';

/** What the manifest may differ by from what HTTP gives. */
const TOLERANCE = 0.005;
/** One page more than counts: a tie across place 20 shows, and goes against the target. */
const TOP = CUTOFF + 1;
const BARS = { mixture: { recallAt20: 0.69, mrrAt20: 0.368 } };

/** Trains on YooChoose 100k, serves the model on workerd, and asks it over HTTP for every prefix of the test sessions. */
export const recall: Bench = {
  title: 'YooChoose 100k: trained, served by workerd, asked over HTTP for every prefix of the test sessions',
  run: () =>
    inTemporaryFolder(async (out) => {
      const train = dataFile('rsc15-100k/train.tsv.gz');
      const test = dataFile('rsc15-100k/test.tsv.gz');
      if (!train || !test) throw new Error('this bench needs YooChoose 100k (rsc15-100k) in PATHCAST_DATA');
      const { folder, metrics, cpuSeconds } = await trainNavigation({ data: train, test, out });
      const { markov } = metrics.baselines;
      if (!markov) throw new Error('the manifest has no Markov chain to compare with');

      const { sessions } = await readDataset(defaultDataOptions(test));
      const steps = [...sessions].flatMap((session) =>
        session.slice(1).map((target, i) => ({ history: session.slice(0, i + 1), target })),
      );
      const server = await serve({ artifacts: out, port: 0 });
      try {
        const histories = steps.map(({ history }) => history);
        const answers = await askWorker(server.url, 'navigation', histories, { top: TOP });
        const tally = new RankingTally();
        for (const [i, { target }] of steps.entries()) tally.add(rankOf(answers[i] ?? [], target));
        const served = tally.result();
        await loadBackend('wasm');
        const overlap = await overlapWithLayers(server.url, folder, histories.slice(0, 500));
        return [
          atMost('training, whole run, CPU', cpuSeconds, 180, 's'),
          figure('prefixes asked', served.predictions),
          near(
            'recall@20 over HTTP, beside the manifest’s',
            served.recallAt20,
            metrics.model.recallAt20,
            TOLERANCE,
          ),
          near('MRR@20 over HTTP, beside the manifest’s', served.mrrAt20, metrics.model.mrrAt20, TOLERANCE),
          ...rankingRows(metrics, BARS),
          atLeast('recall@20 over HTTP, beside first-order Markov’s', served.recallAt20, markov.recallAt20),
          atLeast('MRR@20 over HTTP, beside first-order Markov’s', served.mrrAt20, markov.mrrAt20),
          atLeast('overlap@20 of `recurrent` with the layers model', overlap, 0.98),
        ];
      } finally {
        await server.stop();
      }
    }),
};
