import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { type ObserveOptions, observe } from './observability/observe.ts';
import { ProblemError, problemResponse } from './problem.ts';
import { limited } from './rate-limit.ts';
import { artifact } from './routes/artifacts.ts';
import type { Route, Services } from './routes/context.ts';
import { contract, health } from './routes/health.ts';
import { listModels, modelMetadata, modelStatus } from './routes/models.ts';
import { predictBatch, predictOne } from './routes/predict.ts';
import { securityHeaders } from './security-headers.ts';
import { dropUnreadBody } from './unread-body.ts';

/**
 * Every route of the API. A model, version or label that POST asks ends with `:predict`. Routes are tried in order: the
 * metadata of a version comes before its files.
 */
export const ROUTES: readonly Route[] = [
  { path: '/healthz', GET: health },
  { path: '/openapi.json', GET: contract },
  { path: '/v1/models', GET: listModels },
  ...['', '/versions/:version', '/labels/:label'].flatMap((which): Route[] => [
    { path: `/v1/models/:model${which}`, GET: modelStatus, POST: limited(predictBatch) },
    { path: `/v1/models/:model${which}/metadata`, GET: modelMetadata },
  ]),
  { path: '/v1/models/:model/next', GET: limited(predictOne) },
  { path: '/v1/models/:model/versions/:version/:path{.+}', GET: artifact },
];

export interface AppOptions extends Services {
  /** Origins that may read answers in a browser, comma-separated; `*` is every site. */
  readonly allowedOrigins: string;
  /** What is told of requests, and to whom. */
  readonly observability?: ObserveOptions;
}

/** Builds the API over a store. */
export function createApp({ allowedOrigins, observability, ...services }: AppOptions): Hono {
  const app = new Hono();
  app.use(observe(observability));
  app.use(securityHeaders);
  app.use(dropUnreadBody);
  app.use(
    cors({
      origin: allowedOrigins.trim() === '*' ? '*' : allowedOrigins.split(',').map((origin) => origin.trim()),
      allowMethods: ['GET', 'HEAD', 'POST'],
      allowHeaders: ['Content-Type', 'If-None-Match', 'If-Range', 'Range'],
      exposeHeaders: [
        'Accept-Ranges',
        'Content-Length',
        'Content-Range',
        'ETag',
        'Retry-After',
        'Server-Timing',
      ],
      maxAge: 86_400,
    }),
  );
  for (const { path, GET, POST } of ROUTES) {
    if (GET) app.get(path, (c) => GET(c, observed(c, services)));
    if (POST) app.post(path, (c) => POST(c, observed(c, services)));
    const allow = [...(GET ? ['GET', 'HEAD'] : []), ...(POST ? ['POST'] : [])].join(', ');
    app.all(path, (c) => {
      const detail = `${c.req.method} is not answered here, only ${allow}`;
      throw new ProblemError('method-not-allowed', detail, { Allow: allow });
    });
  }
  app.notFound((c) =>
    problemResponse(
      new ProblemError(
        'unknown-route',
        `there is nothing at ${new URL(c.req.url).pathname}; see /openapi.json`,
      ),
    ),
  );
  app.onError((error) => {
    if (error instanceof ProblemError) return problemResponse(error);
    console.error(error);
    return problemResponse(new ProblemError('internal-error', 'the server failed on this request'));
  });
  return app;
}

/** The services, with the store's part in a request's time noted. */
function observed(c: Context, services: Services): Services {
  return { ...services, store: c.var.observation.watch(services.store) };
}
