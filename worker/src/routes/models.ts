import type { MetadataResponse, ModelsResponse, StatusResponse } from '@pathcast/models/api';
import { SIGNATURE } from '@pathcast/models/api';
import { addressOf } from '../address.ts';
import { otherVersion, servedModel } from '../served.ts';
import { signatureDef } from '../signature.ts';
import { modelStates } from '../states.ts';
import { tag, taggedResponse } from '../tagged.ts';
import type { RouteHandler } from './context.ts';

/** `GET /v1/models`: the models that answer. */
export const listModels: RouteHandler = async (c, { store }) => {
  const states = await modelStates(store);
  const models = states.flatMap(({ name, version }) => (version ? [{ name, version }] : []));
  return taggedResponse(c, await tag({ models } satisfies ModelsResponse));
};

type VersionStatus = StatusResponse['model_version_status'][number];

/**
 * `GET /v1/models/{model}`, of a version or a label too: TensorFlow Serving's status; a broken current version stands beside
 * the one that answers.
 */
export const modelStatus: RouteHandler = async (c, { store }) => {
  const { name, version: asked } = addressOf(c);
  const { version } = await servedModel(store, { name, version: undefined });
  const { failure } = await store.state(name);
  const statuses: VersionStatus[] = [
    { version, state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
  ];
  if (failure?.version && failure.version !== version) {
    const error = { error_code: 'DATA_LOSS', error_message: failure.reason };
    statuses.unshift({ version: failure.version, state: 'END', status: error });
  }
  const ofLabel = c.req.param('label') === undefined ? undefined : version;
  const wanted = asked ?? ofLabel;
  const found = statuses.filter((status) => wanted === undefined || status.version === wanted);
  if (found.length === 0) throw otherVersion(name, version, wanted);
  return taggedResponse(c, await tag({ model_version_status: found } satisfies StatusResponse));
};

/** `GET /v1/models/{model}/metadata`, of a version or a label too: the signature and the manifest of the version that answers. */
export const modelMetadata: RouteHandler = async (c, { store }) => {
  const { name, version, manifest } = await servedModel(store, addressOf(c));
  const metadata: MetadataResponse = {
    model_spec: { name, signature_name: SIGNATURE, version },
    metadata: { signature_def: signatureDef(manifest.spec), manifest },
  };
  return taggedResponse(c, await tag(metadata));
};
