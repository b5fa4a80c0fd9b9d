export { type Client, createClient } from './client.ts';
export {
  HttpError,
  InputError,
  NetworkError,
  PathcastError,
  RequestError,
  ResponseError,
  TimeoutError,
} from './errors.ts';
export type { RequestOptions } from './request.ts';
export type {
  Answered,
  CharacterProbability,
  ClientOptions,
  LabelOptions,
  LabelProbability,
  LabelStep,
  Labels,
  NextCharacters,
  NextCharactersOptions,
  NextOptions,
  NextPages,
  PageProbability,
  Part,
} from './types.ts';
