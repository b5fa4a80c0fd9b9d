import { env, waitUntil } from 'cloudflare:workers';
import kernel from '@pathcast/models/kernel.relaxed-simd.wasm';
import { createApp } from './app.ts';
import { readLogSample } from './observability/log.ts';
import { readModelBytes } from './store/memory-budget.ts';
import { createR2Store } from './store/r2-store.ts';

/** The Worker: one store an isolate, over the bucket of the models. */
export default createApp({
  store: createR2Store(env.MODELS, {
    kernel,
    modelBytes: readModelBytes(env.MODEL_MEMORY_MB),
    keepAlive: waitUntil,
  }),
  limiter: env.RATE_LIMITER,
  allowedOrigins: env.ALLOWED_ORIGINS ?? '*',
  observability: { log: console.log, logSample: readLogSample(env.LOG_SAMPLE), analytics: env.ANALYTICS },
});
