import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { temporaryFolder } from './folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');

const containerSchema = z.looseObject({
  name: z.string(),
  command: z.tuple([z.string()], z.string()),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
});

const jobSchema = z.looseObject({
  spec: z.looseObject({
    completions: z.number(),
    podFailurePolicy: z.looseObject({
      rules: z.array(
        z.looseObject({
          action: z.string(),
          onExitCodes: z.looseObject({ containerName: z.string(), values: z.array(z.number()) }).optional(),
        }),
      ),
    }),
    template: z.looseObject({
      spec: z.looseObject({
        initContainers: z.array(containerSchema),
        containers: z.array(containerSchema),
        volumes: z.array(z.looseObject({ name: z.string() })),
      }),
    }),
  }),
});

/** A document of `train/deploy`. */
export async function deployed(name: string): Promise<unknown> {
  return parse(await readFile(join(ROOT, 'train/deploy', name), 'utf8'));
}

/** The Job of `train/deploy`. */
export async function deployedJob() {
  return jobSchema.parse(await deployed('job.yaml'));
}

/** What a container ended with, and all that it wrote. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The Job's volumes in a temporary folder, and its containers' commands as processes over them. */
export interface Volumes {
  readonly models: string;
  /** Starts the container of an index, in the pod of some Job. */
  start(
    name: 'train' | 'publish',
    pod: { index: number; job: string; secrets: NodeJS.ProcessEnv },
  ): Container;
}

/** A container that runs. */
export interface Container {
  readonly ended: Promise<Ended>;
  /** Resolves when it has written some text, or has ended. */
  said(cue: string): Promise<unknown>;
  stop(): void;
}

/**
 * Lays the volumes out, with a list of sites. Commands see the environment of the Job, its mounts' paths changed for those
 * of the folder, and of the machine `PATH` alone.
 */
export async function layVolumes(sites: readonly string[]): Promise<Volumes> {
  const { initContainers, containers } = (await deployedJob()).spec.template.spec;
  const folder = await temporaryFolder();
  for (const name of ['sites', 'models', 'tmp']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'sites/sites.txt'), sites.map((line) => `${line}\n`).join(''));
  return {
    models: join(folder, 'models'),
    start(name, { index, job, secrets }) {
      const container = [...initContainers, ...containers].find((one) => one.name === name);
      if (!container) throw new Error(`the Job has no container ${name}`);
      const { command, env: values, volumeMounts } = container;
      const [file, ...args] = command;
      const here = (value: string) => {
        const mount = volumeMounts.find(({ mountPath }) => `${value}/`.startsWith(`${mountPath}/`));
        return mount ? join(folder, mount.name, value.slice(mount.mountPath.length)) : value;
      };
      const given = Object.fromEntries(values.map(({ name, value = '' }) => [name, here(value)]));
      const pod = { ...given, ...secrets, BACKEND: 'wasm', JOB: job, JOB_COMPLETION_INDEX: `${index}` };
      const env = { PATH: process.env.PATH, ...pod };
      return watch(spawn(file, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] }));
    },
  };
}

function watch(child: ChildProcess): Container {
  const written = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk) => {
      written[name] += chunk;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((done, fail) =>
    child.on('close', (code) => done({ code, ...written })).on('error', fail),
  );
  const said = (cue: string) =>
    new Promise<void>((done) => {
      const check = () => `${written.stdout}${written.stderr}`.includes(cue) && done();
      listeners.add(check);
      check();
    });
  return {
    ended,
    said: (cue) => Promise.race([said(cue), ended]),
    stop: () => child.kill('SIGTERM'),
  };
}
