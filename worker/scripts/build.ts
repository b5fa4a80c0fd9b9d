import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { runCommand } from './command.ts';
import { BUILT, ROOT, WRANGLER_CONFIG, WRANGLER_SCRIPT } from './paths.ts';
import { runChild } from './run-child.ts';

/** Builds the kernel and the playground's files, then the Worker with wrangler's own bundler: what `npm run deploy` uploads. */
await runCommand(async () => {
  await runChild({
    what: 'building the kernel',
    args: ['--import', 'tsx', join(ROOT, 'models/kernel/build.ts')],
  });
  await mkdir(BUILT.assets, { recursive: true }); // wrangler asks for it
  const playground = join(ROOT, 'worker/playground/build.ts');
  if (existsSync(playground)) {
    await runChild({ what: 'building the playground', args: ['--import', 'tsx', playground] });
  }
  const outdir = dirname(BUILT.worker);
  await rm(outdir, { recursive: true, force: true }); // an earlier kernel has another name
  await runChild({
    what: 'building the Worker',
    args: [WRANGLER_SCRIPT, 'deploy', '--config', WRANGLER_CONFIG, '--dry-run', '--outdir', outdir],
    env: {
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
  });
  const bytes = gzipSync(await readFile(BUILT.worker)).length;
  process.stdout.write(`${relative(ROOT, BUILT.worker)}  ${Math.ceil(bytes / 1024)} KiB gzipped\n`);
});
