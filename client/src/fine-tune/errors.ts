import { PathcastError, ResponseError } from '../errors.ts';

/** Fine-tuning cannot go on in this browser, or with this model; the message says why. */
export class FineTuneError extends PathcastError {
  override name = 'FineTuneError';
}

/** The browser's storage refused: blocked, full, or not what was saved. */
export class StorageError extends PathcastError {
  override name = 'StorageError';
}

/** No fine-tuned model is saved in this browser for that API and model. */
export class NotFineTunedError extends PathcastError {
  override name = 'NotFineTunedError';
}

/** What is saved was learnt on another version of the model, which it fits alone: fine-tune again, or forget it. */
export class StaleModelError extends PathcastError {
  override name = 'StaleModelError';

  constructor(
    model: string,
    /** The version that it was learnt on. */
    readonly tunedVersion: string,
    /** The version that was met. */
    readonly version: string,
  ) {
    super(
      `What is saved for ${model} was learnt on version ${tunedVersion} and does not fit ${version}: fine-tune again`,
    );
  }
}

/** An answer that the client took, and that is not what fine-tuning needs. */
export function badAnswer(url: string, field: string, cause?: unknown): ResponseError {
  return new ResponseError({ method: 'GET', url, field }, `answered: bad ${field}`, cause);
}
