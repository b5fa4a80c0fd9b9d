import { serveOnNode as listen } from '../node/server.ts';
import { readLogSample } from '../src/observability/log.ts';
import { readModelBytes } from '../src/store/memory-budget.ts';
import { findModels } from './artifact-objects.ts';
import { ensureBuilt } from './ensure-built.ts';
import { checkPort, LOOPBACK, type Server } from './listening.ts';
import { BUILT } from './paths.ts';

export interface NodeServeOptions {
  /** The folder of the models, or that of one. */
  readonly artifacts: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** The address to listen on; by default, this machine's own alone. */
  readonly host?: string;
}

/**
 * Serves the Worker's app, and the playground at `/`, on Node. Builds first what is missing or stale. The variables of
 * wrangler.toml are read from the environment.
 * @throws UserError as `serve` on workerd does.
 */
export async function serveOnNode({
  artifacts,
  port = 0,
  host = LOOPBACK,
}: NodeServeOptions): Promise<Server> {
  await findModels(artifacts);
  await ensureBuilt();
  await checkPort(port, host);
  return listen({
    artifacts,
    assets: BUILT.assets,
    host,
    port,
    allowedOrigins: process.env.ALLOWED_ORIGINS ?? '*',
    modelBytes: readModelBytes(process.env.MODEL_MEMORY_MB),
    observability: { log: console.log, logSample: readLogSample(process.env.LOG_SAMPLE) },
  });
}
