import { env } from 'cloudflare:workers';
import { healthResponseSchema } from '@pathcast/models/api';
import { fileKey } from '@pathcast/models/artifacts';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { bytesOf, createWorker, fixtureOf, publish, twoVersions } from './support.ts';

const [pages] = twoVersions();
const letters = fixtureOf('label-simple-embedding');

beforeAll(async () => {
  await publish(pages);
  await publish(letters);
});

describe('/healthz', () => {
  it('names what answers by the SHA-256 of its manifest, and counts the memory that it holds', async () => {
    const worker = createWorker();
    await worker.predict('pages', { instances: [{ history: [] }] });
    const { memoryBytes, models } = healthResponseSchema.parse(await (await worker.ask('/healthz')).json());
    const model = models.find(({ name }) => name === 'pages');
    const manifest = await crypto.subtle.digest('SHA-256', bytesOf(pages, 'manifest.json'));
    const digest = Array.from(new Uint8Array(manifest), (byte) => byte.toString(16).padStart(2, '0')).join(
      '',
    );
    expect(model).toMatchObject({ version: pages.version, manifestDigest: digest, reason: null });
    expect(model?.memoryBytes).toBeGreaterThanOrEqual(bytesOf(pages, 'pack.safetensors').length);
    expect((model?.memoryBytes ?? 1) % 65_536).toBe(0); // WebAssembly's memory has whole pages
    expect(memoryBytes).toBe(models.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0));
  });

  it('counts nothing for a model that does not answer', async () => {
    const error = vi.spyOn(console, 'error').mockReturnValue();
    const key = fileKey(letters.name, letters.version, 'pack.safetensors');
    await env.MODELS.delete(key);
    const { status, models } = healthResponseSchema.parse(
      await (await createWorker().ask('/healthz')).json(),
    );
    expect(status).toBe('degraded');
    expect(models.find(({ name }) => name === letters.name)).toMatchObject({
      version: null,
      manifestDigest: null,
      memoryBytes: 0,
    });
    await publish(letters);
    error.mockRestore();
  });
});
