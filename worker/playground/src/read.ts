import type { Client } from 'pathcast';
import { byId, create } from './dom.ts';
import { showFailure, showNote } from './failure.ts';
import { latest } from './latest.ts';
import { clearSteps, showSteps } from './steps.ts';

const TOP = 4;

/** The labeller: type, and see each step's letter and its rivals. */
export function startRead(client: Client): void {
  const input = byId('text', HTMLInputElement);
  const note = byId('read-note', HTMLParagraphElement);
  const view = { list: byId('steps', HTMLOListElement), answer: byId('labels', HTMLOutputElement) };

  const show = latest(
    async (signal) => {
      const text = input.value;
      if (!text) {
        clearSteps(view);
        showNote(note, 'Type a letter to begin');
        return;
      }
      const asked = performance.now();
      const { steps, version } = await client.label({ text, top: TOP, signal });
      const tookMs = performance.now() - asked;
      showSteps(view, text, steps);
      showNote(note, `Answered in ${tookMs.toFixed(0)} ms by version ${version}`);
    },
    (error) => {
      clearSteps(view);
      showFailure(note, error, () => void show());
    },
  );
  input.addEventListener('input', () => void show());
  void show();
  void showLetters(client);
}

/** The letters that the served model knows; without an answer the page simply does not say. */
async function showLetters(client: Client): Promise<void> {
  const line = byId('knows', HTMLParagraphElement);
  const letters = await knownLetters(client).catch(() => []);
  if (letters.length === 0) return;
  line.replaceChildren(
    'It knows ',
    ...letters.flatMap((letter) => [create('kbd', '', letter), ' ']),
    'and reads any other as unknown.',
  );
}

async function knownLetters(client: Client): Promise<string[]> {
  const root = `/v1/models/${client.labelModel}`;
  const read = (response: Response): Promise<unknown> => response.json();
  const answer = await client.request(`${root}/metadata`, read);
  const { version, heads } = (answer as Metadata).metadata.manifest; // a wrong shape rejects, and nothing is shown
  const tokens = await client.request(`${root}/versions/${version}/${heads.at(-1)?.path}/tokens.json`, read);
  return Array.isArray(tokens) ? tokens.map(String) : [];
}

interface Metadata {
  readonly metadata: {
    readonly manifest: { readonly version: string; readonly heads: { readonly path: string }[] };
  };
}
