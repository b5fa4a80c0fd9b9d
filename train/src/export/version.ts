import { rmSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ARTIFACT, type Pointer, versionAt } from '@pathcast/models/artifacts';
import { type Manifest, type ManifestFile, manifestSchema } from '@pathcast/models/manifest';
import { version_core } from '@tensorflow/tfjs-core';
import { onInterrupt } from '../interrupt.ts';
import type { RunReport } from '../report/run-report.ts';
import { artifactFiles, headsOf, sha256 } from './files.ts';
import type { TrainedModel } from './trained-model.ts';

/** What the manifest says beyond what the exports themselves know. */
export type RunSummary = Pick<Manifest, 'name' | 'config' | 'data' | 'metrics'> & {
  /** The backend that fitted the model, such as `wasm`. */
  readonly backend: string;
  /** What the report says beyond the manifest; without it none is written. */
  readonly report?: Pick<RunReport, 'command' | 'curves' | 'resources'> | undefined;
};

/**
 * Writes a version below `<out>/<name>/` and then moves the pointer `current.json` to it.
 *
 * Files are written to a hidden folder that is renamed when it is whole, so that a failure leaves no half-written version
 * and the earlier one stays current.
 *
 * @returns the version's folder.
 */
export async function writeVersion(out: string, model: TrainedModel, run: RunSummary): Promise<string> {
  const folder = join(out, run.name);
  await mkdir(folder, { recursive: true });
  const version = await freeVersion(folder);
  const unfinished = join(folder, `.unfinished-${version}-${process.pid}`);
  const finished = join(folder, version);
  const takeBack = onInterrupt(() => rmSync(unfinished, { recursive: true, force: true }));
  try {
    const files: ManifestFile[] = [];
    for await (const { path, bytes, public: isPublic } of artifactFiles(model)) {
      await write(join(unfinished, path), bytes);
      files.push({ path, bytes: bytes.length, sha256: sha256(bytes), public: isPublic });
    }
    const told = manifestOf(model, run, version, files);
    if (run.report) {
      const { renderReport } = await import('../report/render.ts'); // its charts are a second to load
      const page = { ...told, ...run.report, mixtureWeights: model.mixture?.weights };
      const bytes = new TextEncoder().encode(renderReport(page));
      await write(join(unfinished, ARTIFACT.report), bytes);
      files.push({ path: ARTIFACT.report, bytes: bytes.length, sha256: sha256(bytes), public: false });
    }
    const manifest = new TextEncoder().encode(manifestText({ ...told, files }));
    await write(join(unfinished, ARTIFACT.manifest), manifest);
    await rename(unfinished, finished);
    await writePointer(folder, { version, manifestDigest: sha256(manifest) });
  } finally {
    takeBack();
    await rm(unfinished, { recursive: true, force: true });
  }
  return finished;
}

function manifestOf(model: TrainedModel, run: RunSummary, version: string, files: ManifestFile[]): Manifest {
  const { backend, report: _, ...summary } = run;
  const vocabularyDigest = files.find(({ path }) => path === ARTIFACT.vocabulary)?.sha256;
  return manifestSchema.parse({
    format: 'pathcast-manifest/1',
    ...summary,
    version,
    createdAt: new Date().toISOString(),
    spec: model.spec,
    vocabularyDigest,
    mixture: model.shares ?? { recurrent: 1 },
    calibration: model.calibration,
    heads: headsOf(model),
    files,
    tools: { pathcast: '0.1.0', tfjs: version_core, node: process.version, backend },
  });
}

function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The version of now, or of the next free second. */
async function freeVersion(folder: string): Promise<string> {
  const taken = new Set(await readdir(folder));
  for (let instant = Date.now(); ; instant += 1000) {
    const version = versionAt(new Date(instant));
    if (!taken.has(version)) return version;
  }
}

async function writePointer(folder: string, pointer: Pointer): Promise<void> {
  const side = join(folder, `.current-${process.pid}.json`);
  await writeFile(side, `${JSON.stringify(pointer)}\n`);
  await rename(side, join(folder, 'current.json'));
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
