import { createServer } from 'node:http';
import { isIPv6 } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { predictionKernel } from '@pathcast/models/kernel/compile';
import { createApp } from '@pathcast/worker/app';
import type { ObserveOptions } from '@pathcast/worker/observability/observe';
import { createR2Store } from '@pathcast/worker/store/r2-store';
import { createAssets } from './assets.ts';
import { createFolderBucket } from './folder-bucket.ts';

/** How long answers may go on once the server is told to stop. */
const GRACE_MS = 10_000;
const SWEEP_MS = 100;

export interface NodeServerOptions {
  /** The folder of the models, or that of one. */
  readonly artifacts: string;
  /** The folder of the static files. */
  readonly assets: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Origins that may read the API from a browser, comma-separated; `*` is every site. */
  readonly allowedOrigins: string;
  /** What all loaded models may take together, in bytes. */
  readonly modelBytes?: number;
  readonly observability: ObserveOptions;
}

export interface NodeServer {
  /** Without a slash at its end. */
  readonly url: string;
  /** Lets the answers under way end, within 10 s. */
  stop(): Promise<void>;
}

/**
 * Serves the Worker's app on Node: the same code over a folder in the place of R2, and Node's HTTP server in that of
 * Cloudflare's.
 * @throws Error with a `code` when nothing can listen there.
 */
export async function serveOnNode(options: NodeServerOptions): Promise<NodeServer> {
  const { artifacts, assets, host, port, allowedOrigins, modelBytes, observability } = options;
  const store = createR2Store(createFolderBucket(artifacts), {
    kernel: await predictionKernel(),
    modelBytes,
  });
  const app = createApp({ store, allowedOrigins, observability });
  const asset = await createAssets(assets);
  const server = createServer(getRequestListener((request) => asset(request) ?? app.fetch(request)));
  await new Promise<void>((listening, fail) => server.once('error', fail).listen(port, host, listening));
  const address = server.address();
  const actualPort = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${actualPort}`,
    async stop() {
      // A connection that is kept alive would hold the server open once its answer has ended.
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
      const deadline = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      await new Promise((closed) => server.close(closed));
      clearInterval(sweep);
      clearTimeout(deadline);
    },
  };
}
