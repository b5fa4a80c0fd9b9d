import { resolve } from 'node:path';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import ts from 'typescript';
import { z } from 'zod';

const MODELS: Record<string, new (data?: object) => { validate(): void }> = {
  ConfigMap,
  Job,
  PersistentVolumeClaim,
};

const typeSchema = z.looseObject({ apiVersion: z.string(), kind: z.enum(Object.keys(MODELS)) });

/**
 * What a document breaks of Kubernetes's OpenAPI schema, as its API server would see it with `fieldValidation: Strict`.
 * The package's validators, made of that schema, let unknown fields pass; its types, made of the same, do not.
 */
export function faultsOf(document: unknown): string[] {
  const resource = typeSchema.parse(document);
  const { apiVersion, kind } = resource;
  const Model = MODELS[kind];
  const faults: string[] = [];
  try {
    if (Model) new Model(resource).validate();
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  }
  const type = `import('kubernetes-models/${apiVersion}/${kind}').I${kind}`;
  return [...faults, ...typeErrors(`export const it: ${type} = ${JSON.stringify(resource)};`)];
}

/** What TypeScript says of a module. */
function typeErrors(text: string): string[] {
  const path = resolve(import.meta.dirname, 'document.ts'); // beside this file, so that it finds the package
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  return ts
    .getPreEmitDiagnostics(ts.createProgram([path], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
