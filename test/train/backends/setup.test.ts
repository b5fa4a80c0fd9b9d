import { existsSync } from 'node:fs';
import { readdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gpuInUse, parseGpus } from '@pathcast/train/backends/nvidia';
import { isDone, isOwnFit, planFor } from '@pathcast/train/setup/plan';
import { checkMachine, type Machine } from '@pathcast/train/setup/requirements';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backendsFolder, describeCuda } from '../../support/backends.ts';
import { runScript } from '../../support/cli.ts';
import { temporaryFolder } from '../../support/folder.ts';

const setUp = (args: readonly string[], env: NodeJS.ProcessEnv) =>
  runScript('train/src/setup/main.ts', args, undefined, [], env);

const L4 = { name: 'NVIDIA L4', computeCapability: 8.9, driver: 550.54, freeBytes: 22e9 };
const H100 = { ...L4, name: 'NVIDIA H100', computeCapability: 9 };
const MACHINE: Machine = {
  platform: 'linux',
  arch: 'x64',
  glibc: 2.36,
  flags: 'flags : fpu sse avx avx2',
  gpus: [L4],
  pip: 23,
  hasCompiler: true,
  hasMake: true,
  freeBytes: 100e9,
};

describe('what a machine lacks', () => {
  it.each<[string, Partial<Machine>, string]>([
    [
      'another system',
      { platform: 'darwin' },
      'it sets up Linux on x64, and this is darwin on x64; npm install',
    ],
    ['CUDA on ARM', { arch: 'arm64' }, 'this is linux on arm64'],
    [
      'musl',
      { glibc: undefined },
      'TensorFlow needs glibc 2.27 or newer, and this system has another C library; use',
    ],
    ['an old glibc', { glibc: 2.17 }, 'this system has 2.17'],
    [
      'a processor without AVX',
      { flags: 'flags : fpu sse' },
      'needs a processor with AVX, and this one has none',
    ],
    [
      'an old driver',
      { gpus: [{ ...L4, driver: 470.1 }] },
      "needs NVIDIA's driver 525 or newer, and here is 470.1",
    ],
    ['no pip', { pip: undefined }, 'it needs Python 3 with pip to fetch TensorFlow; install them'],
    ['an old pip', { pip: 18 }, 'it needs pip 21 or newer, and here is 18'],
    ['no compiler', { hasCompiler: false }, 'it needs g++ to build the addon; install it'],
    ['no make', { hasMake: false }, 'it needs make to build the addon; install it'],
    ['a full disk', { freeBytes: 2e9 }, 'it takes up to 10.0 GB of disk, and 2.0 GB are free'],
  ])('%s is named in one sentence', (_, changes, message) => {
    const plan = planFor('cuda', 'cuda', []);
    expect(() => checkMachine(plan, MACHINE)).not.toThrow();
    expect(() => checkMachine(plan, { ...MACHINE, ...changes })).toThrow(/^setup:cuda: [^\n]+$/);
    expect(() => checkMachine(plan, { ...MACHINE, ...changes })).toThrow(message);
  });

  it('is less where TensorFlow is to compute on the CPU', () => {
    const plan = planFor('native', 'auto', [L4]);
    expect(() => checkMachine(plan, { ...MACHINE, arch: 'arm64', freeBytes: 5e9, gpus: [] })).not.toThrow();
  });
});

describe('the plan', () => {
  it("fetches CUDA's libraries where there is a GPU, or where they are asked for", () => {
    expect(planFor('cuda', 'auto', []).cuda).toBe(false);
    expect(planFor('cuda', 'auto', [H100]).cuda).toBe(true);
    expect(planFor('cuda', 'cuda', []).cuda).toBe(true);
    expect(planFor('cuda', 'cpu', [H100]).cuda).toBe(false);
    expect(planFor('native', 'auto', [H100]).cuda).toBe(false);
  });

  it('is done where as much was set up, for this Node', () => {
    const [cpu, cuda] = [planFor('cuda', 'cpu', []), planFor('cuda', 'cuda', [])];
    expect(isDone(cpu, cuda)).toBe(true);
    expect(isDone(cuda, cpu)).toBe(false);
    expect(isDone(cpu, { ...cpu, machine: 'linux x64 N-API 7' })).toBe(false);
    expect(isDone(cpu, { ...cpu, tensorflow: 'tensorflow-cpu 2.15.0' })).toBe(false);
    expect(isDone(cuda, { ...cuda, tensorflow: 'own' })).toBe(true);
    expect(isDone(cpu, undefined)).toBe(false);
  });

  it("takes the package's own TensorFlow up to Ada, where CUDA 11 is installed", () => {
    const plan = planFor('cuda', 'auto', [L4]);
    const cuda11 = 'libcudart.so.11.0 => /lib\nlibcublas.so.11 => /lib\nlibcudnn.so.8 => /lib\n';
    expect(isOwnFit(plan, [L4], cuda11)).toBe(true);
    expect(isOwnFit(plan, [H100], cuda11)).toBe(false);
    expect(isOwnFit(plan, [L4], cuda11.replace('libcudnn.so.8', 'libcudnn.so.9'))).toBe(false);
    expect(isOwnFit(planFor('cuda', 'cpu', [L4]), [L4], cuda11)).toBe(false);
  });
});

describe("what NVIDIA's driver says", () => {
  it('is read a GPU a line', () => {
    expect(parseGpus('NVIDIA L4, 8.9, 550.54.15, 22000\nTesla T4, 7.5, 535.1, 15000\n')).toEqual([
      { name: 'NVIDIA L4', computeCapability: 8.9, driver: 550.54, freeBytes: 22000 * 2 ** 20 },
      { name: 'Tesla T4', computeCapability: 7.5, driver: 535.1, freeBytes: 15000 * 2 ** 20 },
    ]);
  });

  it('is of the one that CUDA is told to use', () => {
    expect(gpuInUse([L4, H100], undefined)).toBe(L4);
    expect(gpuInUse([L4, H100], '1')).toBe(H100);
    expect(gpuInUse([L4, H100], 'GPU-8f1c')).toBe(L4);
    expect(gpuInUse([], '0')).toBeUndefined();
  });

  it('is no GPU where it is anything else', () => {
    expect(
      parseGpus('NVIDIA-SMI has failed because it couldn’t communicate with the NVIDIA driver.'),
    ).toEqual([]);
    expect(parseGpus('NVIDIA L4, [N/A], 550.54.15, 22000')).toEqual([]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const gpu of parseGpus(text)) expect(Number.isFinite(gpu.freeBytes)).toBe(true);
      }),
    );
  });
});

describe('npm run setup:cuda', () => {
  /** A PATH with some of this machine's commands alone. */
  async function pathOf(...commands: string[]): Promise<string> {
    const folder = await temporaryFolder();
    for (const command of commands) {
      const [found] = (process.env.PATH ?? '').split(':').filter((path) => existsSync(join(path, command)));
      if (found) await symlink(join(found, command), join(folder, command));
    }
    return folder;
  }

  it('without Python, says what to install and leaves no backend', async () => {
    const backends = await backendsFolder();
    const PATH = await pathOf('node', 'npm', 'g++', 'make');
    const { code, stderr } = await setUp(['cuda'], { PATH, PATHCAST_BACKENDS: backends });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^pathcast: setup:cuda: it needs Python 3 with pip to fetch TensorFlow; [^\n]+\n$/,
    );
    expect(await readdir(join(backends, 'cuda'))).not.toContain('setup.json');
  });

  it('without a registry, says what pip says, and where the rest is', async () => {
    const backends = await backendsFolder();
    const { code, stderr } = await setUp(['cuda'], {
      PATHCAST_BACKENDS: backends,
      PIP_CONFIG_FILE: '/dev/null',
      PIP_INDEX_URL: 'http://127.0.0.1:9/',
      PIP_RETRIES: '0',
      PIP_NO_CACHE_DIR: '1',
    });
    const log = join(backends, 'cuda/setup.log');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pathcast: pip failed: ERROR: [^\n]+\n$/);
    expect(stderr).toContain(`(all of it: ${log})`);
    expect(await readFile(log, 'utf8')).toContain('tensorflow-cpu==');
    expect(await readdir(dirname(log))).not.toContain('setup.json');
  });

  it('refuses what it does not know', async () => {
    expect((await setUp(['opencl'], {})).stderr).toContain('BACKEND: ');
    expect((await setUp(['cuda', '--libraries', 'rocm'], {})).stderr).toContain('--libraries: ');
  });
});

describeCuda('a backend that is set up', () => {
  it('is not set up again, but tried', async () => {
    const { code, stdout } = await setUp(['cuda'], {});
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n {2}is set up already: TensorFlow \d+\.\d+\.\d+ computes on /);
  });
});
