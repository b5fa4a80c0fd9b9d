import type { MetadataResponse, ModelsResponse, StatusResponse } from '@pathcast/models/api';
import { ProblemError } from '../problem.ts';
import { checkModelName } from '../request.ts';
import { servedModel } from '../served.ts';
import { signatureDef } from '../signature.ts';
import { modelStates } from '../states.ts';
import type { RouteHandler } from './context.ts';

/** `GET /v1/models`: the models that answer. */
export const listModels: RouteHandler = async (c, { store }) => {
  const states = await modelStates(store);
  const models = states.flatMap(({ name, version }) => (version ? [{ name, version }] : []));
  return c.json({ models } satisfies ModelsResponse);
};

/** `GET /v1/models/{model}`: TensorFlow Serving's status; a broken current version stands beside the one that answers. */
export const modelStatus: RouteHandler = async (c, { store }) => {
  const call = c.req.param('call') ?? '';
  if (call.includes(':')) {
    throw new ProblemError('method-not-allowed', 'a method such as :predict is asked with POST', {
      Allow: 'POST',
    });
  }
  const name = checkModelName(call);
  const { version } = await servedModel(store, name);
  const status: StatusResponse['model_version_status'] = [
    { version, state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
  ];
  const { failure } = await store.state(name);
  if (failure?.version && failure.version !== version) {
    const error = { error_code: 'DATA_LOSS', error_message: failure.reason };
    status.unshift({ version: failure.version, state: 'END', status: error });
  }
  return c.json({ model_version_status: status } satisfies StatusResponse);
};

/** `GET /v1/models/{model}/metadata`: the signature and the manifest of the version that answers. */
export const modelMetadata: RouteHandler = async (c, { store }) => {
  const { name, version, manifest } = await servedModel(store, checkModelName(c.req.param('model')));
  return c.json({
    model_spec: { name, signature_name: 'serving_default', version },
    metadata: { signature_def: signatureDef(manifest.spec), manifest },
  } satisfies MetadataResponse);
};
