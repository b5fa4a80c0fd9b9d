import { createClient } from 'pathcast';
import { fineTune, type Progress } from 'pathcast/fine-tune';

const ALL_STEPS = { targetLoss: 0, maxDrift: Number.POSITIVE_INFINITY } as const;

interface Run {
  readonly endpoint: string;
  readonly model: string;
  readonly backend: 'webgl' | 'cpu';
}

let running: AsyncGenerator<Progress, void, undefined> | undefined;

/** What the bench `client-fine-tune` calls. */
const bench = {
  /** The losses of 50 steps. */
  async losses({ endpoint, ...options }: Run): Promise<number[]> {
    const pairs = [['abcdxyz', 'bcdxyzx']] as const;
    const losses: number[] = [];
    const rest = { pairs, steps: 50, learningRate: 0.02, ...ALL_STEPS };
    for await (const { loss, outcome } of fineTune({
      client: createClient({ endpoint }),
      ...options,
      ...rest,
    }))
      if (!outcome) losses.push(loss);
    return losses;
  },

  begin({ endpoint, ...options }: Run): void {
    const rest = { pairs: [['abc', 'bcd']] as const, steps: 400, learningRate: 0.001, ...ALL_STEPS };
    running = fineTune({ client: createClient({ endpoint }), ...options, ...rest });
  },
  step: async () => void (await running?.next()),
  end: async () => void (await running?.return()),

  /** 24 visits of 8 pages: what a step takes, and the longest that the page waited meanwhile. */
  async visits({ endpoint, ...options }: Run) {
    const histories = Array.from({ length: 24 }, (_, i) =>
      Array.from({ length: 8 }, (_, step) => `/p${2 + ((i * 7 + step * 13) % 1400)}`),
    );
    let longestMs = 0;
    let beat = performance.now();
    const heart = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - beat);
      beat = performance.now();
    }, 4);
    const times: number[] = [];
    let headTokens = 0;
    const rest = { histories, steps: 20, ...ALL_STEPS };
    for await (const progress of fineTune({ client: createClient({ endpoint }), ...options, ...rest })) {
      headTokens = progress.headTokens;
      if (!progress.outcome) times.push(performance.now());
    }
    clearInterval(heart);
    const stepMs =
      times.length > 2 ? ((times.at(-1) ?? 0) - (times[1] ?? 0)) / (times.length - 2) : Number.NaN;
    return { stepMs, longestMs, headTokens };
  },
};

Object.assign(globalThis, { bench });
