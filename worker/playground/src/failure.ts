import { HttpError, NetworkError, PathcastError, TimeoutError } from 'pathcast';
import { create } from './dom.ts';

/** What went wrong, and what to do about it, in a sentence. */
export function describe(error: unknown): string {
  if (error instanceof HttpError && error.status === 404) {
    return 'This API does not serve that model yet. Train and publish it, then try again.';
  }
  if (error instanceof HttpError) return error.detail ?? `The API answered with status ${error.status}.`;
  if (error instanceof NetworkError) return 'The API does not answer. Is it running?';
  if (error instanceof TimeoutError) return 'The API took too long to answer.';
  if (error instanceof PathcastError) return `${error.message}.`;
  return `Something failed: ${error instanceof Error ? error.message : String(error)}`;
}

/** Shows an error where a section's note stands, with a way to try again. */
export function showFailure(note: HTMLElement, error: unknown, retry?: () => void): void {
  note.classList.add('failed');
  note.replaceChildren(describe(error));
  if (!retry) return;
  const again = create('button', 'quiet', 'Try again');
  again.type = 'button';
  again.addEventListener('click', retry);
  note.append(' ', again);
}

export function showNote(note: HTMLElement, text: string): void {
  note.classList.remove('failed');
  note.replaceChildren(text);
}
