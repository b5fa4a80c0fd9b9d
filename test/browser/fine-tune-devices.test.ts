import { describe, expect, it } from 'vitest';
import { ALL_STEPS, failure, useTuning, workerOf } from './tuning.ts';

const tuning = useTuning();

const ONE = { model: 'random-simple', pairs: [['abc', 'bcd']], steps: 1, ...ALL_STEPS } as const;

describe('WebGL in the worker', () => {
  it("computes with 32 bits' epsilon, and bounds what freed textures hold", async () => {
    const page = await tuning.open();
    const run = await tuning.begin(page, { ...ONE, steps: 2, backend: 'webgl' });
    await run.next();
    const [epsilon, allocated] = await workerOf(page).evaluate(() => {
      const tf = Reflect.get(globalThis, 'tf');
      // Each of another shape, so that no freed texture serves again: 4 MB each, 160 MB in all.
      for (let i = 0; i < 40; i++) tf.tidy(() => tf.add(tf.ones([1000 + i, 1000]), 1).dataSync());
      return [tf.backend().epsilon(), tf.memory().numBytesInGPUAllocated];
    });
    expect(epsilon).toBe(1e-7);
    expect(allocated).toBeLessThan(100e6);
    await run.leave();
  });

  it('that renders no 32-bit floats is left for the CPU, or refused where it was asked for', async () => {
    const page = await tuning.open({ worker: 'half-float' });
    expect((await tuning.fineTune(page, ONE)).at(-1)?.backend).toBe('cpu');
    const refused = await failure(tuning.fineTune(page, { ...ONE, backend: 'webgl' }));
    expect(refused).toContain('no WebGL that computes in 32 bits');
  });

  it.each(['wrong-kernel', 'wrong-gradient', 'wrong-loss'])(
    'that computes wrongly is found by its canary, and left for the CPU or refused (%s)',
    async (worker) => {
      const page = await tuning.open({ worker });
      const steps = await tuning.fineTune(page, ONE);
      expect(steps.at(-1)?.backend).toBe('cpu');
      const refused = await failure(tuning.fineTune(page, { ...ONE, backend: 'webgl' }));
      expect(refused).toContain("This browser's WebGL computes wrongly");
      const right = await tuning.open();
      const [first] = await tuning.fineTune(right, { ...ONE, backend: 'cpu' });
      expect(steps[0]?.loss).toBeCloseTo(first?.loss ?? Number.NaN, 6);
    },
  );

  it.each(['worker', 'page'])(
    'may lose its context: what was learnt five steps ago at most goes on on the CPU, to the same result (%s)',
    async (thread) => {
      const policy = thread === 'page' ? { csp: "worker-src 'none'" } : {};
      const page = await tuning.open(policy);
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      const run = await tuning.begin(page, { pairs: [['pathcas', 'athcast']], backend: 'webgl' });
      const backends: string[] = [];
      const losses: number[] = [];
      let learnt = false;
      for (let turn = 1; !learnt; turn++) {
        const step = await run.next();
        backends.push(`${step?.backend} ${step?.thread}`);
        losses.push(step?.loss ?? Number.NaN);
        learnt = step?.outcome?.kept === 'tuned';
        if (turn === 12) {
          const lose = () => {
            const tf = Reflect.get(globalThis, 'tf') ?? window.fixture.tf;
            tf.backend().gpgpu.gl.getExtension('WEBGL_lose_context').loseContext();
          };
          await (thread === 'worker' ? workerOf(page).evaluate(lose) : page.evaluate(lose));
        }
        expect(turn).toBeLessThan(400);
      }
      expect([...new Set(backends)]).toEqual([`webgl ${thread}`, `cpu ${thread}`]);
      // Weights are copied every five steps: the CPU's first loss is that after ten.
      expect(losses[backends.indexOf(`cpu ${thread}`)]).toBeCloseTo(losses[10] ?? Number.NaN, 3);
      expect(await tuning.label(page, 'hihello', 'pathcas')).toBe('athcast');
      expect(errors).toEqual([]);
    },
  );
});

describe('a browser without WebGL', () => {
  it('fine-tunes on the CPU and says so', async () => {
    const page = await tuning.open({ worker: 'none', webgl: false });
    const steps = await tuning.fineTune(page, { pairs: [['pathcas', 'athcast']] });
    expect(steps.at(-1)).toMatchObject({ backend: 'cpu', thread: 'page', outcome: { kept: 'tuned' } });
    expect(await tuning.label(page, 'hihello', 'pathcas')).toBe('athcast');
    expect(await failure(tuning.fineTune(page, { ...ONE, backend: 'webgl' }))).toContain('no WebGL');
  });
});

describe("the page's own thread", () => {
  it('takes over where its policy forbids workers, leaves no tensor, and disturbs nothing', async () => {
    const page = await tuning.open({ csp: "worker-src 'none'" });
    const counts = await page.evaluate(async (endpoint) => {
      const { createClient, fineTune, tf } = window.fixture;
      const options = {
        client: createClient({ endpoint }),
        model: 'random-gru',
        pairs: [['abc', 'bcd']] as const,
      };
      const threads = new Set<string>();
      for await (const { thread } of fineTune({ ...options, steps: 7 })) threads.add(thread);
      const afterEnd = tf.memory().numTensors;
      for await (const _ of fineTune(options)) break;
      const afterBreak = tf.memory().numTensors;
      const abort = new AbortController();
      const reason = await (async () => {
        for await (const _ of fineTune({ ...options, signal: abort.signal }))
          abort.abort(new Error('enough'));
      })().catch((error: Error) => error.message);
      return { threads: [...threads], after: [afterEnd, afterBreak, tf.memory().numTensors], reason };
    }, tuning.endpoint());
    expect(counts).toEqual({ threads: ['page'], after: [0, 0, 0], reason: 'enough' });
  });

  it('stays free while the worker learns: no task of it takes over 50 ms', async () => {
    const page = await tuning.open();
    const histories = Array.from({ length: 12 }, (_, i) => [
      `/p${2 + i}`,
      `/p${30 + i}`,
      '/mine',
      `/p${3 + i}`,
    ]);
    const longest = await page.evaluate(
      async ([endpoint, histories]) => {
        const { createClient, fineTune } = window.fixture;
        const tasks: number[] = [];
        new PerformanceObserver((list) => {
          for (const { duration } of list.getEntries()) tasks.push(duration);
        }).observe({ type: 'longtask' });
        const began = performance.now();
        for await (const _ of fineTune({
          client: createClient({ endpoint }),
          model: 'large',
          histories,
          steps: 20,
        }));
        await new Promise((resolve) => setTimeout(resolve, 100));
        return { tasks, tookMs: performance.now() - began };
      },
      [tuning.endpoint(), histories] as const,
    );
    // Only tasks of over 50 ms are reported.
    expect(longest.tasks).toEqual([]);
    expect(longest.tookMs).toBeGreaterThan(500);
  });
});
