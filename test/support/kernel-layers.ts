import { createPredictor } from '@pathcast/models/predictor/predictor';
import { openInKernel } from './kernel-cases.ts';
import { exportLayers, layersProbabilities } from './layers.ts';
import { randomModel, SPECS } from './models.ts';

/**
 * Compares a kernel with the exported layers models, for every cell and table.
 * @returns how many models were compared.
 * @throws Error naming the model and the page whose probabilities differ.
 */
export async function agreeWithLayers(module: WebAssembly.Module): Promise<number> {
  for (const { title, spec } of SPECS) {
    const model = randomModel({ ...spec, task: 'next' });
    const { pack, ...engine } = openInKernel(module, model);
    const layers = await exportLayers(model);
    const history = [7, 30, 12];
    const padded = [...Array<number>(model.spec.steps - 3).fill(0), ...history];
    const [probabilities = []] = layersProbabilities(layers, [padded]);
    layers.dispose();
    const pages = history.map((id) => `/p${id}`);
    const answer = createPredictor(pack, engine).next(pages, { top: 40, part: 'recurrent' });
    for (const { page, probability } of answer) {
      const expected = probabilities[Number(page.slice(2))] ?? Number.NaN;
      if (Math.abs(probability - expected) < 0.01) continue;
      throw new Error(`${title}, ${page}: ${probability}, and ${expected} by tfjs layers`);
    }
  }
  return SPECS.length;
}
