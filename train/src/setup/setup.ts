import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  PACKAGES,
  readSetup,
  setupFile,
  setupFolder,
  setupSchema,
  type TensorFlowName,
} from '../backends/installed.ts';
import { findGpus, type Gpu } from '../backends/nvidia.ts';
import { ROOT } from '../cli/run.ts';
import { UserError } from '../user-error.ts';
import { buildAddon, installPackage } from './addon.ts';
import { isDone, isOwnFit, type Libraries, OWN, type Plan, planFor } from './plan.ts';
import { checkMachine, lookAtMachine } from './requirements.ts';
import { run } from './run.ts';
import { fetchTensorFlow } from './wheels.ts';

const triedSchema = z.object({ version: z.string(), hasGpu: z.boolean() });

/**
 * Sets up a backend of TensorFlow's under `.cache`, or sees that it is. What was set up counts from the moment that it has
 * been tried: a setup that is cut off begins anew.
 * @param options.isForced anew, whatever is there.
 * @throws UserError saying what is missing or what failed, and what to do.
 */
export async function setUp(
  name: TensorFlowName,
  { libraries, isForced }: { libraries: Libraries; isForced: boolean },
): Promise<void> {
  const gpus = await findGpus();
  const plan = planFor(name, libraries, gpus);
  const folder = setupFolder(name);
  const log = join(folder, 'setup.log');
  await mkdir(folder, { recursive: true });
  say(`  backend   ${name}: ${PACKAGES[name]} ${plan.version}`);
  say(`  GPU       ${gpus.map(({ name }) => name).join(', ') || describeNoGpu(plan)}`);
  if (!isForced && isDone(plan, readSetup(name))) {
    say(`  is set up already: ${await tryOut(plan, gpus, log)}`);
    return;
  }
  checkMachine(plan, await lookAtMachine(folder, gpus));
  await rm(setupFile(name), { force: true });
  await rm(log, { force: true });
  const tensorflow = (await tryOwn(plan, gpus, folder, log)) ?? (await build(plan, folder, log));
  const tried = await timed('trying it', () => tryOut(plan, gpus, log));
  say(`            ${tried}`);
  const { version, cuda, machine } = plan;
  await writeFile(
    setupFile(name),
    `${JSON.stringify(setupSchema.parse({ version, tensorflow, cuda, machine }))}\n`,
  );
  say(`  npm run train -- … --backend ${name} uses it`);
}

function describeNoGpu({ name, cuda }: Plan): string {
  if (name === 'native') return 'not looked for';
  return cuda ? 'none here; CUDA is fetched all the same' : 'none here: TensorFlow for the CPU will do';
}

/** The package's own TensorFlow, where it fits, can be had and finds the GPU. @returns what `setup.json` calls it. */
async function tryOwn(
  plan: Plan,
  gpus: readonly Gpu[],
  folder: string,
  log: string,
): Promise<string | undefined> {
  const libraries = await run('ldconfig', ['-p'], { log }).catch(() => '');
  if (!isOwnFit(plan, gpus, libraries)) return undefined;
  try {
    await timed('the package with its own TensorFlow', () =>
      installPackage(plan, { folder, log, withScripts: true }),
    );
    await tryOut(plan, gpus, log);
    return OWN;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`            will not do: ${error.message}`);
    return undefined;
  }
}

async function build(plan: Plan, folder: string, log: string): Promise<string> {
  const tensorflow = await timed(`${plan.tensorflow}${plan.cuda ? ', and what it needs of CUDA' : ''}`, () =>
    fetchTensorFlow(plan, join(folder, 'python'), log),
  );
  const packageFolder = await timed(PACKAGES[plan.name], () =>
    installPackage(plan, { folder, log, withScripts: false }),
  );
  await timed('building the addon', () => buildAddon(packageFolder, tensorflow, log));
  return plan.tensorflow;
}

/** Loads it in a process of its own. @throws UserError with TensorFlow's reason where there is a GPU and it finds none. */
async function tryOut(plan: Plan, gpus: readonly Gpu[], log: string): Promise<string> {
  const script = join(ROOT, 'train/src/setup/try.ts');
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '0' };
  const answer = await run(process.execPath, ['--import', 'tsx', script, plan.name], {
    as: `loading ${PACKAGES[plan.name]}`,
    cwd: ROOT,
    env,
    log,
  });
  const { version, hasGpu } = triedSchema.parse(JSON.parse(answer.trim().split('\n').at(-1) ?? ''));
  if (hasGpu) return `TensorFlow ${version} computes on ${gpus[0]?.name ?? 'the GPU'}`;
  if (plan.cuda && gpus.length > 0)
    throw new UserError(`TensorFlow ${version} finds no GPU: ${await reasonIn(log)}`);
  return `TensorFlow ${version} computes on the CPU`;
}

/** What TensorFlow's log says of libraries that it could not open. */
async function reasonIn(log: string): Promise<string> {
  const lines = (await readFile(log, 'utf8')).split('\n');
  const telling = lines.findLast((line) => /Cannot dlopen|Could not load|cuInit|failed call/.test(line));
  return `${telling?.replace(/^.*?\] /, '').slice(0, 200) ?? 'its log does not say why'} (all of it: ${log})`;
}

async function timed<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const started = performance.now();
  const result = await work();
  say(`  ${`${((performance.now() - started) / 1000).toFixed(0)} s`.padEnd(9)} ${what}`);
  return result;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
