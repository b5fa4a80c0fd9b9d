import { z } from 'zod';
import { kebab } from '../cli/options.ts';
import { navigationOptions, type SettledOptions } from '../recipes/navigation-options.ts';

const { shape } = navigationOptions;

/** The options of `navigation` that a search sets. */
export const settingOptions = {
  learningRate: free(shape.learningRate),
  momentum: free(shape.momentum),
  batchSize: free(shape.batchSize),
  rowDropout: free(shape.rowDropout),
  stateDropout: free(shape.stateDropout),
  alpha: free(shape.alpha),
  unknownRate: free(shape.unknownRate),
  cell: free(shape.cell),
  hiddenUnits: free(shape.hiddenUnits),
  steps: free(shape.steps),
};

/** Without its default: what the user gives is told from what is free. */
function free<T extends z.ZodType>(option: z.ZodDefault<T> | z.ZodOptional<T>) {
  return option.unwrap().optional().describe(`${option.description}; searched unless given`);
}

const settingsSchema = z.strictObject(settingOptions);

/** The settings of a trial that differ from the defaults. */
export type Settings = Readonly<z.infer<typeof settingsSchema>>;
export type Setting = keyof typeof settingOptions;
export const SETTINGS = Object.keys(settingOptions) as Setting[]; // the keys of what stands above

/** @throws z.ZodError when one is no value that `navigation` takes. */
export function settingsOf(entries: Iterable<readonly [string, unknown]>): Settings {
  return settingsSchema.parse(Object.fromEntries(entries));
}

/** The settings that the user left free, and that can make a difference. */
export function freeSettings(
  given: Settings & { embeddingUnits?: number },
  settled: SettledOptions,
): Setting[] {
  const isIdle: Partial<Record<Setting, boolean>> = {
    alpha: settled.negatives === 0, // nothing is drawn
    hiddenUnits: given.embeddingUnits !== undefined, // they must be equal where the table is tied
  };
  return SETTINGS.filter((setting) => given[setting] === undefined && !isIdle[setting]);
}

/** `--learning-rate 0.05 --cell lstm`, as words. */
export function wordsOf(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([setting, value]) => [`--${kebab(setting)}`, String(value)]);
}
