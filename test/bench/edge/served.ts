import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { writeVersion } from '@pathcast/train/export/version';
import { findModels } from '@pathcast/worker/scripts/artifact-objects';
import { fillBucket, serve } from '@pathcast/worker/scripts/server';
import { Miniflare } from 'miniflare';
import { inTemporaryFolder, median } from '../measure.ts';
import { atLeast, atMost, figure, type Row } from '../report.ts';
import { histories, tutorialModel } from './models.ts';
import { atTurn } from './work.ts';

const STARTS = 9;
const ROUNDS = 12;
const ROUND_MS = 250;

/** A request; its path begins at the server's origin. */
interface Asked {
  readonly path: string;
  /** JSON, posted; without it the path is got. */
  readonly body?: string;
  readonly status: number;
}

/** A path that the app answers with a constant: it goes through all that every request does, and no further. */
const TRIVIAL: Asked = { path: '/v1/', status: 404 };

/** The built Worker on workerd, with the tutorial's model in a local R2: its cold start, and requests a second. */
export async function servedRows(): Promise<Row[]> {
  return inTemporaryFolder(async (folder) => {
    const artifacts = join(folder, 'artifacts');
    const persist = join(folder, 'r2');
    const model = tutorialModel();
    const tokens = model.vocabulary.tokens.length;
    const data = { format: 'none', sessions: 0, events: 0, tokens, testSessions: 0 };
    await writeVersion(artifacts, model, { name: 'bench', config: {}, data, metrics: null, backend: 'none' });
    await fillBucket(await findModels(artifacts), persist);
    const bodies = histories(model, 4).pages.map((history) => JSON.stringify({ instances: [{ history }] }));
    const predict = (turn: number): Asked => ({
      path: '/v1/models/bench:predict',
      body: atTurn(bodies, turn),
      status: 200,
    });
    return [...(await coldRows(persist, predict)), ...(await rateRows(persist, predict))];
  });
}

/** First requests of fresh isolates, of both kinds in turns; a start is no part of them. */
async function coldRows(persist: string, predict: (turn: number) => Asked): Promise<Row[]> {
  const first: Record<'predict' | 'trivial', number[]> = { predict: [], trivial: [] };
  for (let start = 0; start < STARTS; start++) {
    first.predict.push(await timeFirst(persist, predict(start)));
    first.trivial.push(await timeFirst(persist, TRIVIAL));
  }
  return [
    atMost('first prediction of a cold isolate, tutorial model, local R2', median(first.predict), 60, 'ms'),
    figure('first answer of a cold isolate without a model', median(first.trivial), 'ms'),
  ];
}

async function timeFirst(persist: string, asked: Asked): Promise<number> {
  const server = await serve({ persist });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const started = performance.now();
    await ask(server.url, asked, agent);
    return performance.now() - started;
  } finally {
    agent.destroy();
    await server.stop();
  }
}

/** Requests a second over one connection, one after another, in turns. */
async function rateRows(persist: string, predict: (turn: number) => Asked): Promise<Row[]> {
  const server = await serve({ persist });
  const bare = new Miniflare({ modules: true, script: BARE, cf: false, compatibilityDate: '2026-04-01' });
  try {
    const { origin } = await bare.ready;
    const works = {
      predict: rateOf(server.url, predict),
      trivial: rateOf(server.url, () => TRIVIAL),
      bare: rateOf(origin, () => ({ path: '/', status: 200 })),
    };
    const rates: Record<keyof typeof works, number[]> = { predict: [], trivial: [], bare: [] };
    for (let round = -1; round < ROUNDS; round++) {
      for (const name of ['predict', 'trivial', 'bare'] as const) {
        const rate = await works[name]();
        if (round >= 0) rates[name].push(rate);
      }
    }
    const [predictions, trivial, empty] = [median(rates.predict), median(rates.trivial), median(rates.bare)];
    return [
      figure(':predict, tutorial model, one connection', predictions, 'requests/s'),
      figure('a trivial route of the same Worker', trivial, 'requests/s'),
      figure('an empty Worker', empty, 'requests/s'),
      atLeast(':predict over the trivial route', predictions / trivial, 0.3, 'times'),
      figure(':predict over an empty Worker', predictions / empty, 'times'),
    ];
  } finally {
    await bare.dispose();
    await server.stop();
  }
}

const BARE = `export default { fetch: () => new Response('ok') }`;

/** A round of requests over a connection of its own, which stays open between rounds. */
function rateOf(origin: string, next: (turn: number) => Asked): () => Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let turn = 0;
  return async () => {
    const started = performance.now();
    const before = turn;
    while (performance.now() - started < ROUND_MS) await ask(origin, next(turn++), agent);
    return ((turn - before) * 1000) / (performance.now() - started);
  };
}

/** @throws Error when the answer has another status. */
function ask(origin: string, { path, body, status }: Asked, agent: Agent): Promise<void> {
  return new Promise((done, fail) => {
    const headers =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length };
    const asked = request(origin + path, { agent, headers, method: body === undefined ? 'GET' : 'POST' });
    asked.on('error', fail);
    asked.on('response', (response) => {
      response.on('error', fail).on('end', () => {
        if (response.statusCode === status) done();
        else fail(new Error(`the Worker answered ${response.statusCode} to ${path}`));
      });
      response.resume();
    });
    asked.end(body);
  });
}
