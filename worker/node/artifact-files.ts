import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { filePathSchema, KEY_PREFIX, MODEL_NAME, VERSION } from '@pathcast/models/artifacts';

const POINTER = 'current.json';

/** A folder of artifacts, by the keys that its files have in R2. It is the folder of many models, or that of one. */
export class ArtifactFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The real path of a key's file, or null when there is none. A key has to be one that `models/src/artifacts.ts` can build,
   * and a link may not lead out of the folder: no key finds anything else.
   */
  async find(key: string): Promise<string | null> {
    const path = await this.#pathOf(key);
    if (path === null) return null;
    try {
      const [folder, file] = await Promise.all([realpath(this.#folder), realpath(path)]);
      return file.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? file : null;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** The names of the models, unsorted. */
  async models(): Promise<string[]> {
    const single = await this.#singleModel();
    if (single !== null) return [single];
    const names = (await readdir(this.#folder)).filter((name) => MODEL_NAME.test(name));
    const areFolders = await Promise.all(names.map((name) => isFolder(join(this.#folder, name))));
    return names.filter((_, i) => areFolders[i]);
  }

  async #pathOf(key: string): Promise<string | null> {
    if (!key.startsWith(KEY_PREFIX)) return null;
    const [model = '', ...rest] = key.slice(KEY_PREFIX.length).split('/');
    if (!MODEL_NAME.test(model) || !isFileOfModel(rest)) return null;
    const single = await this.#singleModel();
    if (single === null) return join(this.#folder, model, ...rest);
    return model === single ? join(this.#folder, ...rest) : null;
  }

  /** The model's name when the folder is that of one: it has the pointer itself. */
  async #singleModel(): Promise<string | null> {
    const name = basename(this.#folder);
    if (!MODEL_NAME.test(name)) return null;
    return (await stat(join(this.#folder, POINTER)).catch(() => null)) && name;
  }
}

function isFileOfModel([first = '', ...path]: readonly string[]): boolean {
  if (path.length === 0) return first === POINTER;
  return VERSION.test(first) && filePathSchema.safeParse(path.join('/')).success;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
