import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const MAC_APPLICATIONS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/**
 * Flags for a quiet browser whose WebGL runs in software, so that tests need no GPU.
 * `--no-sandbox` only as root, where Chromium refuses to start with one.
 */
export const CHROMIUM_FLAGS: readonly string[] = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

/** No Chrome or Chromium was found, and none could be installed. */
export class ChromiumMissingError extends Error {
  override readonly name = 'ChromiumMissingError';
}

/**
 * Finds a Chrome or Chromium: `CHROME_PATH`, then the usual commands and places, then playwright's own.
 * @returns its path, or undefined.
 * @throws ChromiumMissingError when `CHROME_PATH` names no executable file.
 */
export async function findChromium(environment = process.env): Promise<string | undefined> {
  const named = environment.CHROME_PATH;
  if (named) {
    if (await isExecutable(named)) return named;
    throw new ChromiumMissingError(`CHROME_PATH is ${named}, which is not an executable file`);
  }
  const folders = (environment.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = [
    ...COMMANDS.flatMap((command) => folders.map((folder) => join(folder, command))),
    ...(process.platform === 'darwin' ? MAC_APPLICATIONS : []),
    chromium.executablePath(),
  ];
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate;
  return undefined;
}

/**
 * Finds a Chromium or installs one: Debian's package as root, else playwright's.
 * @throws ChromiumMissingError with a plain sentence when neither works.
 */
export async function ensureChromium(): Promise<string> {
  const found = await findChromium();
  if (found) return found;
  const way = (await isDebianRoot()) ? installDebianPackage : installPlaywrightBuild;
  try {
    await way();
  } catch (cause) {
    throw new ChromiumMissingError(missing(String(cause instanceof Error ? cause.message : cause)), {
      cause,
    });
  }
  const installed = await findChromium();
  if (!installed) throw new ChromiumMissingError(missing('the installation left none behind'));
  return installed;
}

function missing(reason: string): string {
  return `The browser tests need Chrome or Chromium, and none could be installed (${reason}). Install one, or set CHROME_PATH to its path.`;
}

async function isDebianRoot(): Promise<boolean> {
  return process.getuid?.() === 0 && (await isExecutable('/usr/bin/apt-get'));
}

async function installDebianPackage(): Promise<void> {
  console.error('No Chromium found: installing the Debian package');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await execute('apt-get', ['update', '-qq'], env);
  await execute('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], env);
}

async function installPlaywrightBuild(): Promise<void> {
  console.error("No Chromium found: downloading playwright's build");
  const root = dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'));
  await execute(process.execPath, [join(root, 'cli.js'), 'install', 'chromium'], process.env);
}

/** Runs a command with its output on stderr, so that stdout stays the test report's. */
async function execute(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 2, 2] });
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code ?? signal}`)),
    );
  });
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(await ensureChromium());
}
