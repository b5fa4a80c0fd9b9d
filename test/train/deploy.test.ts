import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BadLinesError } from '@pathcast/train/data/requests/bad-lines';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { habits } from '../support/crews.ts';
import { fileOf } from '../support/dataset.ts';
import { faultsOf } from '../support/kubernetes.ts';
import { deployed, deployedJob, layVolumes } from '../support/pod.ts';
import { serve, startStore } from '../support/s3-store.ts';
import { openVersion } from '../support/trained.ts';

const SMALL = '--hidden-units 8 --epochs 3 --batch-size 8';

/** 200 sessions of a site, a line each. */
const logOf = (site: string) =>
  Array.from(habits(200), (ids) => [...ids].map((id) => `/${site}/${id}`).join(' ')).join('\n');

/** Stands in for Cloudflare's API: takes what wrangler puts into R2, and keeps it in the order of its coming. */
async function startR2() {
  const objects = new Map<string, Buffer>();
  const prefix = '/client/v4/accounts/acme/r2/buckets/pathcast-models/objects/';
  const { env } = await serve(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    const isAllowed = req.headers.authorization === 'Bearer token' && req.method === 'PUT';
    if (!isAllowed || !req.url?.startsWith(prefix)) return res.writeHead(403).end('{"success":false}');
    objects.set(decodeURIComponent(req.url.slice(prefix.length)), Buffer.concat(chunks));
    return res.end('{"success":true,"errors":[],"messages":[],"result":{}}');
  });
  const secrets = {
    CLOUDFLARE_API_BASE_URL: `${env.AWS_ENDPOINT_URL_S3}/client/v4`,
    CLOUDFLARE_ACCOUNT_ID: 'acme',
    CLOUDFLARE_API_TOKEN: 'token',
  };
  return { objects, secrets };
}

describe("the Job's documents", () => {
  it.each(['job.yaml', 'sites.yaml', 'models.yaml'])('%s keeps to the schema of Kubernetes', async (name) => {
    expect(faultsOf(await deployed(name))).toEqual([]);
  });

  it.each([
    ['an unknown field', { completion: 3 }, "'\"completion\"' does not exist in type 'IJobSpec'"],
    ['a string for a number', { completions: '3' }, 'data/spec/completions must be integer'],
    ['a fraction', { completions: 1.5 }, 'data/spec/completions must be integer'],
    ['no such mode', { completionMode: 'indexed' }, 'must be equal to one of the allowed values'],
    ['no template', { template: undefined }, 'data/spec must have required property template'],
  ])('are refused with a fault: %s', async (_, change, fault) => {
    const job = await deployedJob();
    const changed: unknown = JSON.parse(JSON.stringify({ ...job, spec: { ...job.spec, ...change } }));
    expect(faultsOf(changed).join('\n')).toContain(fault);
  });

  it('are refused with an unknown field deep inside', async () => {
    const job = await deployedJob();
    Object.assign(job.spec.template.spec.initContainers[0] ?? {}, { readOnlyFilesystem: true });
    expect(faultsOf(job).join('\n')).toContain(
      "'\"readOnlyFilesystem\"' does not exist in type 'IContainer'",
    );
  });

  it('agree with each other', async () => {
    const { spec } = await deployedJob();
    const { volumes } = spec.template.spec;
    const sites = z
      .object({ metadata: z.object({ name: z.string() }), data: z.object({ 'sites.txt': z.string() }) })
      .parse(await deployed('sites.yaml'));
    const claim = z.object({ metadata: z.object({ name: z.string() }) }).parse(await deployed('models.yaml'));
    expect(sites.data['sites.txt'].trim().split('\n')).toHaveLength(spec.completions);
    expect(volumes).toMatchObject([
      { name: 'sites', configMap: { name: sites.metadata.name } },
      { name: 'models', persistentVolumeClaim: { claimName: claim.metadata.name } },
      { name: 'tmp', emptyDir: {} },
    ]);
  });
});

describe("the Job's commands", () => {
  it('train and publish the site of each index', async () => {
    const store = await startStore({ 'shop/1.txt': logOf('shop') });
    const r2 = await startR2();
    const blog = await fileOf(logOf('blog'));
    const volumes = await layVolumes([`shop s3://visits/shop/*.txt ${SMALL}`, `blog ${blog} ${SMALL}`]);
    const runIndex = async (index: number, site: string) => {
      const pod = { index, job: 'monday' };
      const { code, stdout, stderr } = await volumes.start('train', { ...pod, secrets: store.env }).ended;
      expect(code, stderr).toBe(0);
      const { folder, manifest, predictor } = await openVersion(stdout);
      expect(folder).toBe(join(volumes.models, site, manifest.version));
      expect(manifest).toMatchObject({ name: site, data: { sessions: 200 } });
      expect(predictor.next([`/${site}/3`], { top: 1 })[0]?.page).toBe(`/${site}/23`); // 2 + 3 · 7
      expect(await volumes.start('publish', { ...pod, secrets: r2.secrets }).ended).toEqual({
        code: 0,
        stdout: `  published ${site} ${manifest.version} to R2\n`,
        stderr: '',
      });
      for (const { path, sha256 } of manifest.files) {
        const bytes = r2.objects.get(`models/${site}/${manifest.version}/${path}`) ?? '';
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      }
      const keys = [...r2.objects.keys()].filter((key) => key.startsWith(`models/${site}/`));
      expect(keys).toHaveLength(manifest.files.length + 2);
      expect(keys.slice(-2)).toEqual([
        `models/${site}/${manifest.version}/manifest.json`,
        `models/${site}/current.json`,
      ]);
      const pointer: unknown = JSON.parse(String(r2.objects.get(`models/${site}/current.json`)));
      expect(pointer).toMatchObject({ version: manifest.version });
    };
    await Promise.all([runIndex(0, 'shop'), runIndex(1, 'blog')]);
  });

  it('train once a Job, and begin with the version of the last one', async () => {
    const volumes = await layVolumes([`shop ${await fileOf(logOf('shop'))} ${SMALL}`]);
    const train = (job: string) => volumes.start('train', { index: 0, job, secrets: {} }).ended;
    const monday = await openVersion((await train('monday')).stdout);
    expect(await train('monday')).toEqual({
      code: 0,
      stdout: 'shop is trained already, and goes on to be published\n',
      stderr: '',
    });
    const { stdout } = await train('tuesday');
    expect(stdout).toContain(`  from      version ${monday.manifest.version}`);
    expect((await openVersion(stdout)).manifest.config).toMatchObject({ from: 'current' });
  });

  it('go on where a pod was stopped, in the same Job alone', async () => {
    const data = await fileOf(logOf('shop'));
    const volumes = await layVolumes([`shop ${data} ${SMALL}`]);
    const checkpoint = join(volumes.models, 'shop/.checkpoint.safetensors');
    const train = (job: string) => volumes.start('train', { index: 0, job, secrets: {} });
    const stopped = async (job: string) => {
      const container = train(job);
      await container.said('epoch  1/3');
      container.stop();
      const { code, stdout, stderr } = await container.ended;
      expect([code, stderr.trim().split('\n').at(-1)]).toEqual([
        143,
        'pathcast: stopped; the same command with --resume goes on from here',
      ]);
      expect(existsSync(checkpoint)).toBe(true);
      return stdout;
    };

    const ANEW = 'nothing was stopped here: the run begins anew';
    expect(await stopped('monday')).toContain(ANEW);
    await appendFile(data, '\n/shop/2 /shop/3\n'); // what was stopped on Monday is of other data now
    expect(await stopped('tuesday')).toContain(ANEW);
    const { code, stdout, stderr } = await train('tuesday').ended;
    expect(code).toBe(0);
    expect(stdout).not.toContain(ANEW);
    expect(stderr).not.toMatch(/epoch {2}1\/3 .*held out/);
    expect(existsSync(checkpoint)).toBe(false);
  });

  it('refuse an index without a line in a sentence, with a code that is not tried again', async () => {
    const volumes = await layVolumes(['shop /logs']);
    const pod = { index: 1, job: 'monday', secrets: {} };
    const { code, stdout, stderr } = await volumes.start('train', pod).ended;
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^pathcast: index 1 has no site and data on line 2 of \S+sites\.txt\n$/);
    const { rules } = (await deployedJob()).spec.podFailurePolicy;
    const final = rules.find(({ action }) => action === 'FailIndex')?.onExitCodes;
    expect(final).toMatchObject({ containerName: 'train', values: [code] });
    expect(final?.values).toContain(new BadLinesError('').exitCode);
  });
});
