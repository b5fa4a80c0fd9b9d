import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Miniflare, type MiniflareOptions } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { findModels, modelObjects } from './artifact-objects.ts';
import { ensureBuilt } from './ensure-built.ts';
import { checkPort, LOOPBACK, type Server } from './listening.ts';
import { BUILT, ROOT, WRANGLER_CONFIG } from './paths.ts';

export interface ServeOptions {
  /** A folder of artifacts, loaded into an R2 of its own; without it, the R2 that lies at `persist`. */
  readonly artifacts?: string;
  /** Where a local R2 lives, as wrangler's `--persist-to`. */
  readonly persist?: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** The address to listen on; by default, this machine's own alone. */
  readonly host?: string;
  /** Keeps the Worker's log to itself; false by default. */
  readonly isQuiet?: boolean;
}

/**
 * Serves the built Worker, and the playground at `/`, on workerd. Builds first what is missing or stale.
 * @throws UserError when the port is taken, the folder holds no model, or the build fails.
 */
export async function serve({
  artifacts,
  persist,
  port = 0,
  host = LOOPBACK,
  isQuiet = false,
}: ServeOptions): Promise<Server> {
  const models = artifacts === undefined ? [] : await findModels(artifacts);
  await ensureBuilt();
  await checkPort(port, host);
  const own = models.length > 0 ? await mkdtemp(join(tmpdir(), 'pathcast-serve-')) : undefined;
  const removeOwn = async () => {
    if (own !== undefined) await rm(own, { recursive: true, force: true });
  };
  let miniflare: Miniflare | undefined;
  try {
    // Filled before anything listens, so that no early request finds half of the models.
    if (own !== undefined) await fillBucket(models, own);
    const running = new Miniflare({
      ...workerOptions({ host, port }, own ?? persist, await kernels()),
      ...(isQuiet ? { handleRuntimeStdio: drop } : {}),
    });
    miniflare = running;
    const { origin } = await running.ready;
    return { url: origin, stop: () => running.dispose().then(removeOwn) };
  } catch (error) {
    await miniflare?.dispose();
    await removeOwn();
    throw error;
  }
}

/**
 * Puts models' folders into the R2 that lies at `persist`. A connection that workerd loses, as it does once in many thousands,
 * is met by another try with a new workerd: what lies there already is put again, the same.
 */
export async function fillBucket(models: readonly string[], persist: string): Promise<void> {
  try {
    await putAll(models, persist);
  } catch (error) {
    if (!isLostConnection(error)) throw error;
    await putAll(models, persist);
  }
}

async function putAll(models: readonly string[], persist: string): Promise<void> {
  const miniflare = new Miniflare({
    modules: true,
    script: 'export default {}',
    r2Buckets: workerBindings().r2Buckets,
    r2Persist: statePath(persist),
  });
  try {
    const bucket = await miniflare.getR2Bucket('MODELS');
    for (const model of models) {
      for await (const { key, bytes, sha256 } of modelObjects(model))
        await bucket.put(key, bytes, { sha256 });
    }
  } finally {
    await miniflare.dispose();
  }
}

/** Whether it is what undici's fetch throws when there is no answer. */
function isLostConnection(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'fetch failed';
}

/** What wrangler.toml binds the Worker to. */
function workerBindings() {
  const { modulesRules: _, ...bindings } = unstable_getMiniflareWorkerOptions(WRANGLER_CONFIG).workerOptions;
  return bindings; // without rules: the modules are named
}

/** The modules beside the built Worker's. */
async function kernels(): Promise<string[]> {
  const folder = dirname(BUILT.worker);
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith('.wasm')).map((name) => join(folder, name));
}

/** The Worker as wrangler.toml describes it. */
function workerOptions(
  address: { host: string; port: number },
  persist: string | undefined,
  wasm: readonly string[],
): MiniflareOptions {
  return {
    ...workerBindings(),
    name: 'pathcast',
    modules: [
      { type: 'ESModule', path: BUILT.worker },
      ...wasm.map((path) => ({ type: 'CompiledWasm' as const, path })),
    ],
    modulesRoot: ROOT, // else the folder that the command was given in
    ...address,
    cf: false, // else Miniflare asks Cloudflare for the details of a request
    ...(persist === undefined ? {} : { r2Persist: statePath(persist) }),
  };
}

/** Where wrangler keeps R2 below its `--persist-to`. */
function statePath(persist: string): string {
  return join(persist, 'v3/r2');
}

function drop(...logs: { resume(): unknown }[]): void {
  for (const log of logs) log.resume();
}
