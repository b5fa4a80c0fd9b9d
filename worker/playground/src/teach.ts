import type { Client } from 'pathcast';
import type { FineTuned, Outcome } from 'pathcast/fine-tune';
import { byId } from './dom.ts';
import { showFailure, showNote } from './failure.ts';
import { clearSteps, showSteps } from './steps.ts';

const TOP = 4;
const WORD_KEY = 'pathcast-word';

/** The lesson: fine-tune the labeller on a word, watch its loss fall, and label with what was learnt. */
export function startTeach(client: Client): void {
  const note = byId('teach-note', HTMLParagraphElement);
  const form = byId('teach', HTMLFormElement);
  const word = byId('word', HTMLInputElement);
  const own = createOwnModel();
  const lesson = createLesson(client, note);
  const saved = { client, model: client.labelModel };

  async function recall(): Promise<void> {
    const { loadFineTuned } = await import('pathcast/fine-tune');
    own.show(await loadFineTuned(saved), storedWord());
  }

  async function teach(): Promise<void> {
    const taught = word.value;
    if (!(await lesson.give(taught))) return;
    storeWord(taught);
    await recall();
  }

  async function forget(): Promise<void> {
    const fineTuned = await import('pathcast/fine-tune');
    await fineTuned.forget(saved);
    storeWord(undefined);
    own.show(undefined, undefined);
    lesson.clear();
    showNote(note, 'Forgotten: nothing of it is left in this browser.');
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    teach().catch((error) => showFailure(note, error));
  });
  byId('forget', HTMLButtonElement).addEventListener('click', () => {
    forget().catch((error) => showFailure(note, error));
  });
  const remembered = storedWord();
  if (remembered) word.value = remembered;
  recall().catch((error) => showFailure(note, error));
}

/** One run of fine-tuning at a time, with its chart. */
function createLesson(client: Client, note: HTMLElement) {
  const learn = byId('learn', HTMLButtonElement);
  const stop = byId('stop', HTMLButtonElement);
  const chartBox = byId('chart', HTMLDivElement);
  let clearChart = () => {};

  /** @returns whether the word was learnt, and is saved. */
  async function give(word: string): Promise<boolean> {
    const letters = Array.from(word);
    const pair = [letters.slice(0, -1).join(''), letters.slice(1).join('')] as const;
    const abort = new AbortController();
    stop.onclick = () => abort.abort();
    learn.disabled = true;
    stop.hidden = false;
    clear();
    showNote(note, 'Loading the model and TensorFlow.js…');
    try {
      return await follow(pair, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) showNote(note, 'Stopped: nothing was saved.');
      else showFailure(note, error);
      return false;
    } finally {
      learn.disabled = false;
      stop.hidden = true;
    }
  }

  async function follow(pair: readonly [string, string], signal: AbortSignal): Promise<boolean> {
    const [{ createLossChart }, { fineTune }] = await Promise.all([
      import('./chart.ts'),
      import('pathcast/fine-tune'),
    ]);
    const began = performance.now();
    let chart: ReturnType<typeof createLossChart> | undefined;
    let said = '';
    let kept: Outcome['kept'] | undefined;
    for await (const { step, steps, loss, backend, outcome } of fineTune({ client, pairs: [pair], signal })) {
      kept = outcome?.kept;
      if (kept) break;
      if (!chart) {
        chartBox.hidden = false;
        chart = createLossChart(chartBox, steps);
        clearChart = chart.destroy;
      }
      chart.add(step, loss);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      said = `${step} steps on ${backend === 'webgl' ? 'WebGL' : 'the CPU'}, ${seconds} s, loss ${loss.toFixed(3)}`;
      // A reader is told every tenth step; the eye follows the chart.
      if (step % 10 === 1) showNote(note, `Learning: ${said}`);
    }
    chartBox.ariaLabel = `The loss at each step: ${said}`;
    if (kept === 'tuned') showNote(note, `Learnt: ${said}. It stays here after a reload.`);
    else showNote(note, `Not kept: ${said}. The model would have forgotten more than it learnt.`);
    return kept === 'tuned';
  }

  function clear(): void {
    clearChart();
    clearChart = () => {};
    chartBox.hidden = true;
  }

  return { give, clear };
}

/** Labels with the model on this device, at each keystroke, with no request. */
function createOwnModel() {
  const box = byId('learnt', HTMLDivElement);
  const placeholder = byId('unlearnt', HTMLDivElement);
  const input = byId('try', HTMLInputElement);
  const view = { list: byId('own-steps', HTMLOListElement), answer: byId('own-labels', HTMLOutputElement) };
  let model: FineTuned | undefined;

  function label(): void {
    if (model && input.value)
      showSteps(view, input.value, model.label({ text: input.value, top: TOP }).steps);
    else clearSteps(view);
  }
  input.addEventListener('input', label);

  return {
    show(tuned: FineTuned | undefined, word: string | undefined): void {
      model = tuned;
      box.hidden = !tuned;
      placeholder.hidden = !box.hidden;
      if (word) input.value = Array.from(word).slice(0, -1).join('');
      label();
    },
  };
}

/** The word is remembered for the page alone; a browser that stores nothing only forgets it sooner. */
function storedWord(): string | undefined {
  try {
    return localStorage.getItem(WORD_KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

function storeWord(word: string | undefined): void {
  try {
    if (word === undefined) localStorage.removeItem(WORD_KEY);
    else localStorage.setItem(WORD_KEY, word);
  } catch {
    // Nothing depends on it.
  }
}
