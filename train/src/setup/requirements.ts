import { execFile } from 'node:child_process';
import { readFile, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Gpu } from '../backends/nvidia.ts';
import { gigabytes } from '../fit/memory.ts';
import { UserError } from '../user-error.ts';
import type { Plan } from './plan.ts';

/** The first driver that runs CUDA 12. */
const OLDEST_DRIVER = 525;
/** The first pip that takes several `--platform`. */
const OLDEST_PIP = 21;
/** The C library that PyPI's wheels are built against. */
const OLDEST_GLIBC = 2.27;

/** What a machine has, as far as the setup asks. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Such as 2.36; undefined where the C library is another. */
  readonly glibc: number | undefined;
  /** The processor's flags; undefined where they cannot be read. */
  readonly flags: string | undefined;
  readonly gpus: readonly Gpu[];
  /** pip's major version; undefined where `python3 -m pip` does not run. */
  readonly pip: number | undefined;
  readonly hasCompiler: boolean;
  readonly hasMake: boolean;
  readonly freeBytes: number;
}

/** Looks at this machine. @param folder on the disk that will be filled. */
export async function lookAtMachine(folder: string, gpus: readonly Gpu[]): Promise<Machine> {
  const disk = await statfs(folder);
  const header = (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header; // documented, untyped
  const pip = await answerOf('python3', ['-m', 'pip', '--version']);
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: header?.glibcVersionRuntime === undefined ? undefined : Number(header.glibcVersionRuntime),
    flags: await readFile('/proc/cpuinfo', 'utf8').catch(() => undefined),
    gpus,
    pip: pip === undefined ? undefined : Number(/^pip (\d+)/.exec(pip)?.[1]),
    hasCompiler: (await answerOf('g++', ['--version'])) !== undefined,
    hasMake: (await answerOf('make', ['--version'])) !== undefined,
    freeBytes: disk.bavail * disk.bsize,
  };
}

async function answerOf(command: string, args: string[]): Promise<string | undefined> {
  const answer = await promisify(execFile)(command, args).catch(() => undefined);
  return answer?.stdout;
}

/** @throws UserError naming the first thing that is missing, and what to install. */
export function checkMachine(plan: Plan, machine: Machine): void {
  const missing = whatIsMissing(plan, machine);
  if (missing) throw new UserError(`setup:${plan.name}: ${missing}`);
}

function whatIsMissing(plan: Plan, machine: Machine): string | undefined {
  const { platform, arch, glibc, flags, gpus, pip, hasCompiler, hasMake, freeBytes } = machine;
  const isKnown = platform === 'linux' && (arch === 'x64' || (arch === 'arm64' && !plan.cuda));
  if (!isKnown)
    return `it sets up Linux on x64, and this is ${platform} on ${arch}; npm install --no-save @tensorflow/tfjs-node@${plan.version} may do`;
  if (glibc === undefined || glibc < OLDEST_GLIBC)
    return `TensorFlow needs glibc ${OLDEST_GLIBC} or newer, and this system has ${glibc ?? 'another C library'}; use an image of Debian or Ubuntu`;
  if (arch === 'x64' && flags !== undefined && !/\bavx\b/.test(flags))
    return 'TensorFlow needs a processor with AVX, and this one has none; --backend wasm trains here';
  const [gpu] = gpus;
  if (plan.cuda && gpu && gpu.driver < OLDEST_DRIVER)
    return `CUDA 12 needs NVIDIA's driver ${OLDEST_DRIVER} or newer, and here is ${gpu.driver}; update the driver`;
  if (pip === undefined)
    return 'it needs Python 3 with pip to fetch TensorFlow; install them (Debian: apt-get install python3-pip)';
  if (pip < OLDEST_PIP)
    return `it needs pip ${OLDEST_PIP} or newer, and here is ${pip}; python3 -m pip install --upgrade pip`;
  if (!hasCompiler || !hasMake)
    return `it needs ${hasCompiler ? 'make' : 'g++'} to build the addon; install it (Debian: apt-get install build-essential)`;
  if (freeBytes < plan.bytes)
    return `it takes up to ${gigabytes(plan.bytes)} of disk, and ${gigabytes(freeBytes)} are free`;
  return undefined;
}
