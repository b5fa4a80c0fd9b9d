import { spawn } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const REQUIREMENTS = join(ROOT, 'train/spark/requirements.txt');
const SCRIPT = join(ROOT, 'train/spark/sessionise.py');
const LEAST_JAVA = 17;

/** Nothing leaves this machine, and Spark logs errors alone. */
const CONFIGURATION = {
  'spark.driver.host': '127.0.0.1',
  'spark.driver.bindAddress': '127.0.0.1',
  'spark.ui.enabled': 'false',
  'spark.log.level': 'ERROR',
  'spark.sql.shuffle.partitions': '8',
};

/** Spark cannot run here; the message says what is missing. */
export class SparkMissingError extends Error {
  override readonly name = 'SparkMissingError';
}

/** How a command ended. */
export interface Ending {
  readonly exitCode: number;
  /** What it wrote to stdout and stderr. */
  readonly output: string;
  readonly seconds: number;
}

/** Spark of the version that `train/spark/requirements.txt` pins. */
export interface Spark {
  readonly version: string;
  /** Runs sessionise.py on two cores, in `folder`. */
  sessionise(args: readonly string[], folder: string): Promise<Ending>;
}

/**
 * Finds the pinned Spark under `.cache/spark`, or installs it there.
 * @throws SparkMissingError when Java or Python are missing or PyPI does not answer.
 */
export async function prepareSpark(): Promise<Spark> {
  await requireJava();
  const version = await pinnedVersion();
  const venv = join(ROOT, '.cache/spark', version);
  if (!(await exists(join(venv, 'ready')))) await install(version, venv);
  return { version, sessionise: (args, folder) => submit(venv, args, folder) };
}

async function pinnedVersion(): Promise<string> {
  const version = /^pyspark==(\S+)$/m.exec(await readFile(REQUIREMENTS, 'utf8'))?.[1];
  if (version === undefined) throw new SparkMissingError(`${REQUIREMENTS} pins no version of pyspark`);
  return version;
}

async function requireJava(): Promise<void> {
  const home = process.env.JAVA_HOME; // Where Spark looks first, too.
  const { exitCode, output } = await run(home ? join(home, 'bin/java') : 'java', ['-version']);
  const major = Number(/version "(?:1\.)?(\d+)/.exec(output)?.[1] ?? 0);
  if (exitCode === 0 && major >= LEAST_JAVA) return;
  const found = major > 0 ? `found Java ${major}` : `found no java in ${home ? 'JAVA_HOME' : 'PATH'}`;
  throw new SparkMissingError(`Spark needs Java ${LEAST_JAVA} or newer: ${found}.`);
}

async function install(version: string, venv: string): Promise<void> {
  console.log(`Installing pyspark ${version} into ${venv}, once ...`);
  const python = await run('python3', ['-m', 'venv', '--clear', venv]);
  if (python.exitCode !== 0) {
    throw new SparkMissingError(
      `python3 cannot create ${venv}: install Python 3.9 or newer with its venv module.\n${python.output}`,
    );
  }
  const pip = await run(join(venv, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '-r', REQUIREMENTS]);
  if (pip.exitCode !== 0) {
    throw new SparkMissingError(`pip cannot install pyspark ${version} from PyPI.\n${pip.output}`);
  }
  await writeFile(join(venv, 'ready'), ''); // Last, so that an install cut short starts over.
}

async function submit(venv: string, args: readonly string[], folder: string): Promise<Ending> {
  const configuration = { ...CONFIGURATION, 'spark.local.dir': folder };
  const settings = Object.entries(configuration).flatMap(([key, value]) => ['--conf', `${key}=${value}`]);
  return run(join(venv, 'bin/spark-submit'), ['--master', 'local[2]', ...settings, SCRIPT, ...args], {
    cwd: folder,
    env: environment(venv),
  });
}

/** This process's environment, less what would lead spark-submit to another Spark, Python or address. */
function environment(venv: string): NodeJS.ProcessEnv {
  const foreign = /^(SPARK_|PYSPARK_|PYTHONPATH$|HADOOP_)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return {
    ...Object.fromEntries(kept),
    PYSPARK_PYTHON: join(venv, 'bin/python'),
    SPARK_LOCAL_IP: '127.0.0.1',
  };
}

function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ending> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    let output = '';
    const end = (exitCode: number) =>
      resolve({ exitCode, output, seconds: (performance.now() - startMs) / 1000 });
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', (error) => {
      output += error.message;
      end(127);
    });
    child.on('close', (code) => end(code ?? 1));
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
