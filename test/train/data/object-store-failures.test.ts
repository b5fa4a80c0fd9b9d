import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { fetchObjects } from '@pathcast/train/data/sources/object-store';
import { UserError } from '@pathcast/train/user-error';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { closedEndpoint, KEYS, listing, serve, startStore, storeOf } from '../../support/s3-store.ts';

describe('an object store that gives nothing', () => {
  it.each([
    ['s3://visits/nothing.log', 'there is no such object; end it with / '],
    ['s3://visits/logs', 'there is no such object; end it with / '],
    ['s3://visits/none/', 'nothing there matches'],
    ['s3://visits/empty/', 'nothing there matches'],
    ['s3://visits/*.gz', 'nothing there matches'],
    ['s3://visits/logs?a.log', 'nothing there matches'],
    ['s3://elsewhere/*', 'has no such bucket'],
    ['s3://elsewhere/a.log', 'has no such bucket'],
  ])('says in one sentence what is missing at %s', async (url, message) => {
    const { env } = await startStore({ 'logs/a.log': 'a', 'empty/': '' });
    const { error } = await failureOf(url, env);
    expect(error.message).toContain(`${url}: `);
    expect(error.message).toContain(message);
  });

  it.each(['s3://visits/a.log', 's3://visits/*'])(
    'says that a wrong secret is denied, and not which, at %s',
    async (url) => {
      const { env } = await startStore({ 'a.log': 'a' });
      const { error } = await failureOf(url, {
        ...env,
        AWS_SECRET_ACCESS_KEY: 'guess-of-mine',
        AWS_SESSION_TOKEN: 'my-token',
      });
      expect(error.message).toBe(
        `${url}: access denied (SignatureDoesNotMatch); check the credentials and their rights`,
      );
      expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/guess-of-mine|my-token/);
    },
  );

  it('says that an unknown access key is denied, without naming it', async () => {
    const { env } = await startStore({ 'a.log': 'a' });
    const { error } = await failureOf('s3://visits/*', { ...env, AWS_ACCESS_KEY_ID: 'NOBODY' });
    expect(error.message).toContain('s3://visits/*: access denied (InvalidAccessKeyId)');
    expect(error.message).not.toContain('NOBODY');
  });

  it.each([
    ['s3://visits/a.log', {}, 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'],
    [
      's3://visits/a.log',
      { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: ' ' },
      'set AWS_ACCESS_KEY_ID and',
    ],
    ['s3://visits/a.log', { AWS_SECRET_ACCESS_KEY: 'b' }, 'set AWS_ACCESS_KEY_ID and'],
    ['s3://visits/a.log', { R2_ACCESS_KEY_ID: 'a', R2_SECRET_ACCESS_KEY: 'b' }, 'set AWS_ACCESS_KEY_ID and'],
    ['r2://visits/a.log', {}, 'set R2_ACCOUNT_ID, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY'],
    ['r2://visits/a.log', { R2_ACCESS_KEY_ID: 'a', R2_SECRET_ACCESS_KEY: 'b' }, 'set R2_ACCOUNT_ID'],
    [
      'r2://visits/a.log',
      {
        AWS_ACCESS_KEY_ID: 'a',
        AWS_SECRET_ACCESS_KEY: 'b',
        R2_ACCESS_KEY_ID: 'c',
        R2_ENDPOINT: 'http://127.0.0.1:1',
      },
      'set R2_ACCOUNT_ID',
    ],
  ])('asks for the credentials of %s when there is only %j', async (url, env, message) => {
    const { error } = await failureOf(url, env);
    expect(error.message).toContain(`${url}: to read it, ${message}`);
  });

  it.each([
    [{ AWS_ENDPOINT_URL: 'localhost:9000' }, 'AWS_ENDPOINT_URL must be a URL that starts with http://'],
    [{ AWS_ENDPOINT_URL_S3: 'http://' }, 'AWS_ENDPOINT_URL_S3 must be a URL'],
    [{ AWS_REGION: 'evil.example/' }, 'AWS_REGION must be letters, digits and hyphens'],
    [{ R2_ACCOUNT_ID: 'evil.example/' }, 'R2_ACCOUNT_ID must be letters, digits and hyphens'],
  ])('refuses %j by the name of the variable', async (given, message) => {
    const { error } = await failureOf('s3://visits/a', given);
    expect(error.message).toContain(`s3://visits/a: the environment's ${message}`);
    expect(error.message).not.toMatch(/9000|evil/);
  });

  it.each([
    's3://',
    's3://a',
    's3://KEY:hunter2@visits/a.log',
    's3://-visits/a',
    's3:///a.log',
    's3://vi sits/a',
  ])('refuses %s without repeating it', async (url) => {
    const { error } = await failureOf(url, {});
    expect(error.message).toBe(
      'an object store is named s3://BUCKET/KEY or r2://BUCKET/KEY, without credentials in it',
    );
  });

  it('gives up soon on an endpoint where nobody listens', async () => {
    const endpoint = await closedEndpoint();
    const { error } = await failureOf('s3://visits/*', { ...KEYS, AWS_ENDPOINT_URL: endpoint });
    expect(error.message).toBe(`s3://visits/*: ${endpoint} cannot be reached (ECONNREFUSED)`);
  }, 10_000);

  it('says that an object was cut off, and leaves no part of the download', async () => {
    const { env } = await serve(storeOf({ 'a.log': 5, 'b.log': 100, 'c.log': 5 }));
    const { error, left } = await failureOf('s3://visits/*', env);
    expect(error.message).toContain('s3://visits/b.log: the download was cut short');
    expect(left).toEqual([]);
  });

  it('does not wait for the other objects when one is cut off', async () => {
    const answer = storeOf({ 'a.log': 5, 'b.log': 100 });
    const { env } = await serve((req, res) => {
      if (req.url?.startsWith('/visits/a.log')) res.writeHead(200, { 'Content-Length': 5 }).write('a');
      else answer(req, res);
    });
    const { error, left } = await failureOf('s3://visits/*', env);
    expect(error.message).toContain('s3://visits/b.log: the download was cut short');
    expect(left).toEqual([]);
  }, 10_000);

  it('says so too where the key was exact and no listing told its size', async () => {
    const { env } = await serve(storeOf({ 'b.log': 100 }));
    const { error, left } = await failureOf('s3://visits/b.log', env);
    expect(error.message).toContain('s3://visits/b.log: the download was cut short');
    expect(left).toEqual([]);
  });

  it.each([9, 11])('does not take an object of 10 bytes that was listed with %i', async (bytes) => {
    const { env } = await serve((req, res) => {
      if (req.url?.includes('list-type=2')) res.end(listing([['a.log', bytes]]));
      else res.end('0123456789');
    });
    const { error, left } = await failureOf('s3://visits/*', env);
    expect(error.message).toContain('s3://visits/a.log: the download was cut short, or the object changed');
    expect(left).toEqual([]);
  });

  it.each([
    [403, 'InvalidObjectState', 'the object is archived; restore it first'],
    [401, 'Unauthorized', 'access denied (Unauthorized); check the credentials and their rights'],
    [400, 'ExpiredToken', 'access denied (ExpiredToken); check the credentials and their rights'],
    [501, 'NotImplemented', 'answered with an error (NotImplemented, HTTP 501)'],
  ])('explains the answer %i %s, and repeats none of its words', async (status, code, message) => {
    const { env } = await serve((_, res) => {
      res.writeHead(status).end(`<Error><Code>${code}</Code><Message>\nhunter2</Message></Error>`);
    });
    const { error } = await failureOf('s3://visits/a.log', env);
    expect(error.message).toContain('s3://visits/a.log: ');
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('hunter2');
  });

  it('names the file that it cannot write', async () => {
    const { env } = await startStore({ 'a.log': 'a' });
    const folder = join(await temporaryFolder(), 'missing');
    const failure = fetchObjects('s3://visits/*', folder, env);
    await expect(failure).rejects.toThrow(`${join(folder, '00001-a.log')}: cannot be written; Error: ENOENT`);
  });
});

/** The one-sentence error of a download, and what it left in its folder. */
async function failureOf(url: string, env: NodeJS.ProcessEnv) {
  const folder = await temporaryFolder();
  const error: unknown = await fetchObjects(url, folder, env).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`no UserError but ${inspect(error)}`);
  expect(error.message).not.toMatch(/\n/);
  return { error, left: await readdir(folder) };
}
