import { PathcastError } from '../errors.ts';

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
