import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const VERSION = '4.32.5';
const FOLDER = resolve(import.meta.dirname, '../../.cache/schemathesis', VERSION);

/**
 * Lets Schemathesis, from PyPI, make requests of `/openapi.json` and compare the answers with it.
 * @returns what it found, in a line; or why it could not be asked.
 * @throws Error with its report when an answer is not what the contract says.
 * @see https://schemathesis.readthedocs.io
 */
export async function runSchemathesis(url: string): Promise<string> {
  const command = join(FOLDER, 'bin/schemathesis');
  if (!existsSync(command)) {
    const made = spawnSync('python3', ['-m', 'venv', FOLDER], { encoding: 'utf8' });
    const pip = join(FOLDER, 'bin/pip');
    const got = spawnSync(pip, ['install', '-q', `schemathesis==${VERSION}`]);
    if (made.status !== 0 || got.status !== 0)
      return 'schemathesis: not run, since Python or PyPI is not at hand';
  }
  const args = [
    ...['--config-file', join(import.meta.dirname, 'schemathesis.toml')],
    ...['run', `${url}/openapi.json`, '--seed', '1', '--max-examples', '100', '--max-time', '180'],
    ...['--checks', 'not_a_server_error,status_code_conformance,content_type_conformance'],
    ...['--checks', 'response_schema_conformance,negative_data_rejection', '--no-color'],
  ];
  // Beside this process, which serves what it asks.
  const { stdout } = await promisify(execFile)(command, args, { cwd: FOLDER, maxBuffer: 64 << 20 }).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) => {
      throw new Error(`schemathesis found a difference:\n${stdout}\n${stderr}`);
    },
  );
  const summary = stdout.split('\n').filter((line) => /generated/.test(line));
  return `schemathesis ${VERSION}: ${summary.map((line) => line.trim()).join('; ')}`;
}
