import { spawn } from 'node:child_process';
import { chmod, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { backendsFolder, copyOfCuda, describeCuda } from '../../support/backends.ts';
import { runScript } from '../../support/cli.ts';
import { temporaryFolder } from '../../support/folder.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** `npm run train -- hihello --iterations 1`, with another environment. */
async function hihello(backend: string, env: NodeJS.ProcessEnv, nodeArgs: readonly string[] = []) {
  const out = await temporaryFolder();
  const args = ['hihello', '--iterations', '1', '--backend', backend, '--out', out];
  return runScript('train/src/main.ts', args, out, nodeArgs, env);
}

/** A PATH on which NVIDIA's driver answers, in place of the one that is not here. */
async function pathWithDriver(answer: string): Promise<string> {
  const folder = await temporaryFolder();
  const command = join(folder, 'nvidia-smi');
  await writeFile(command, `#!/bin/sh\necho '${answer}'\n`);
  await chmod(command, 0o755);
  return `${folder}${delimiter}${process.env.PATH}`;
}

const L4 = 'NVIDIA L4, 8.9, 550.54.15, 22000';

it('without the package, names the command that installs it', async () => {
  for (const name of ['cuda', 'native']) {
    const { code, stderr } = await hihello(name, { PATHCAST_BACKENDS: await backendsFolder() });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `^pathcast: the ${name} backend is not there: @tensorflow/tfjs-node\\S* is not installed; npm run setup:${name} installs it\\n$`,
      ),
    );
  }
});

it('a setup that was cut off is no backend', async () => {
  const backends = await backendsFolder();
  await writeFile(join(backends, 'cuda'), ''); // where a folder with setup.json would be
  const { code, stderr } = await hihello('cuda', { PATHCAST_BACKENDS: backends });
  expect(code).toBe(1);
  expect(stderr).toContain('is not installed; npm run setup:cuda installs it\n');
});

it('without a driver, auto takes another and says why', async () => {
  const { code, stdout, stderr } = await hihello('auto', {
    PATH: await temporaryFolder(),
    PATHCAST_BACKENDS: await backendsFolder(),
  });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('  backend   wasm\n');
  expect(stdout).toContain('the cuda backend is for NVIDIA GPUs, and nvidia-smi finds none\n');
  expect(stdout).toContain('@tensorflow/tfjs-node is not installed; npm run setup:native installs it\n');
});

it('with a driver and no backend, auto names the command that installs it', async () => {
  const { code, stdout } = await hihello('auto', {
    PATH: await pathWithDriver(L4),
    PATHCAST_BACKENDS: await backendsFolder(),
  });
  expect(code).toBe(0);
  expect(stdout).toContain('  backend   wasm\n');
  expect(stdout).toContain('@tensorflow/tfjs-node-gpu is not installed; npm run setup:cuda installs it\n');
});

it('in a terminal, asks whether to set it up, and takes no for an answer', async () => {
  const env = { PATH: await pathWithDriver(L4), PATHCAST_BACKENDS: await backendsFolder() };
  const out = await temporaryFolder();
  const command = `${process.execPath} --import tsx train/src/main.ts hihello --iterations 1 --out ${out}`;
  // util-linux's: a terminal for the command, whose user types "n".
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  });
  let shown = '';
  terminal.stdout.on('data', (chunk: Buffer) => {
    shown += chunk;
    if (chunk.includes('[y/N]')) terminal.stdin.write('n\n');
  });
  expect(await new Promise((ended) => terminal.on('close', ended))).toBe(0);
  expect(shown).toContain('NVIDIA L4 is here. Set up the cuda backend, up to 10.0 GB? [y/N] ');
  expect(shown).toContain('  backend   wasm');
});

describeCuda('the cuda backend', () => {
  it('without its library, names it', async () => {
    const { backends, packageFolder } = await copyOfCuda();
    await rm(join(packageFolder, 'deps/lib'));
    await symlink(await temporaryFolder(), join(packageFolder, 'deps/lib'));
    const { code, stderr } = await hihello('cuda', { PATHCAST_BACKENDS: backends });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'pathcast: the cuda backend is not there: @tensorflow/tfjs-node-gpu lacks its library libtensorflow_cc.so.2; npm run setup:cuda fetches it\n',
    );
  });

  it('whose addon is of another Node, says so', async () => {
    const { backends, packageFolder } = await copyOfCuda();
    await rename(join(packageFolder, 'lib/napi-v8'), join(packageFolder, 'lib/napi-v3'));
    const { code, stderr } = await hihello('cuda', { PATHCAST_BACKENDS: backends });
    expect(code).toBe(1);
    expect(stderr).toBe(
      `pathcast: the cuda backend is not there: the addon of @tensorflow/tfjs-node-gpu was not built for Node ${process.versions.node}, N-API ${process.versions.napi}; npm run setup:cuda builds it\n`,
    );
  });

  it('whose addon is damaged, says what the system says', async () => {
    const { backends, packageFolder } = await copyOfCuda();
    await writeFile(join(packageFolder, 'lib/napi-v8/tfjs_binding.node'), 'no library');
    const { code, stderr } = await hihello('cuda', { PATHCAST_BACKENDS: backends });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^pathcast: the cuda backend is not there: .* does not load: .*; npm run setup:cuda may mend it\n$/,
    );
  });

  it('runs where Node has lost what tfjs-node asks of it', async () => {
    const script = join(await temporaryFolder(), 'node-23.mjs');
    await writeFile(
      script,
      "import { createRequire } from 'node:module';\nconst util = createRequire(import.meta.url)('node:util');\ndelete util.isNullOrUndefined;\ndelete util.isArray;\n",
    );
    const { code, stdout, stderr } = await hihello('cuda', {}, ['--import', script]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('finds no GPU and computes on the CPU\n');
  });

  it('with a driver and no GPU behind it, is not what auto takes', async () => {
    const { code, stdout } = await hihello('auto', { PATH: await pathWithDriver(L4) });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      / {2}backend {3}wasm\n +the cuda backend loads, but TensorFlow \S+ finds no GPU and computes on the CPU: npm run setup:cuda says why\n/,
    );
  });

  it('out of memory, says what did not fit and what takes less', async () => {
    const { code, stdout, stderr } = await runScript('test/train/backends/out-of-memory.ts', ['cuda']);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      'pathcast: TensorFlow is out of memory, where it wanted a tensor of shape [1000000,10000000] on CPU:0: smaller --batch-size, --negatives or --hidden-units take less\n',
    );
    expect(code).toBe(1);
  });
});
