import { readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../user-error.ts';
import { type Plan, PYTHON } from './plan.ts';
import { run } from './run.ts';

/** What PyPI calls the systems that a wheel runs on, newest first. */
const PLATFORMS = ['manylinux_2_27', 'manylinux_2_17', 'manylinux2014'];
const ARCHITECTURES: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64' };

/**
 * Fetches TensorFlow's wheel, and for CUDA NVIDIA's as the wheel asks for them, into a folder: nothing else of Python is
 * needed, and no Python of this version either.
 * @returns the folder of TensorFlow's libraries and headers.
 * @throws UserError when pip fails, or the wheel has not the libraries that it is known to have.
 */
export async function fetchTensorFlow(plan: Plan, folder: string, log: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await install([plan.requirement], folder, log);
  if (plan.cuda) {
    await install(await nvidiaRequirements(folder), folder, log);
    await placeCusolver(join(folder, 'nvidia'));
  }
  const tensorflow = join(folder, 'tensorflow');
  await link(tensorflow, 'libtensorflow_cc.so.2', 'libtensorflow.so');
  await link(tensorflow, 'libtensorflow_framework.so.2', 'libtensorflow_framework.so');
  return tensorflow;
}

async function install(requirements: readonly string[], folder: string, log: string): Promise<void> {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const platforms = PLATFORMS.flatMap((platform) => ['--platform', `${platform}_${architecture}`]);
  const how = ['--no-deps', '--no-compile', '--only-binary=:all:', '--python-version', PYTHON, ...platforms];
  const quiet = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
  await run('python3', ['-m', 'pip', 'install', '--target', folder, ...how, ...quiet, ...requirements], {
    as: 'pip',
    log,
  });
}

/** What the wheel asks for under `tensorflow[and-cuda]`. */
async function nvidiaRequirements(folder: string): Promise<string[]> {
  const about = (await readdir(folder)).find((name) => /^tensorflow-.*\.dist-info$/.test(name));
  const metadata = about ? await readFile(join(folder, about, 'METADATA'), 'utf8') : '';
  const found = metadata.matchAll(/^Requires-Dist: ([^;\n]+);[^\n]*extra == "and-cuda"/gm);
  const requirements = Array.from(found, ([, requirement = '']) => requirement.trim());
  if (requirements.length === 0)
    throw new UserError('TensorFlow’s wheel does not say which libraries of NVIDIA it needs');
  return requirements;
}

/**
 * The library that opens NVIDIA's looks beside cuSPARSE, but not where cuSOLVER lies; without it TensorFlow takes no GPU. From there,
 * cuSOLVER finds its own as before.
 */
async function placeCusolver(nvidia: string): Promise<void> {
  const [library] = (await readdir(join(nvidia, 'cusolver/lib'))).filter((name) =>
    /^libcusolver\.so\.\d+$/.test(name),
  );
  if (library) await symlink(join('../../cusolver/lib', library), join(nvidia, 'cusparse/lib', library));
}

/** The names that the addon is linked by. */
async function link(folder: string, library: string, name: string): Promise<void> {
  const names = await readdir(folder);
  if (!names.includes(library)) throw new UserError(`TensorFlow’s wheel has no ${library}`);
  await symlink(library, join(folder, name));
}
