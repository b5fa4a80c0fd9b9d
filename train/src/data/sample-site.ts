import { createRandom, type Random } from '../random.ts';

/** A shop for hikers that no one runs: about 240 pages. */
const SHOP: Record<string, readonly string[]> = {
  tents: ['alpine', 'meadow', 'dome', 'tunnel', 'bivy', 'family'],
  boots: ['ridge', 'trail', 'approach', 'winter', 'marsh', 'light'],
  packs: ['day', 'weekend', 'expedition', 'summit', 'commuter', 'child'],
  stoves: ['gas', 'alcohol', 'wood', 'multi-fuel', 'pocket', 'twin'],
  lamps: ['head', 'lantern', 'solar', 'mini', 'storm', 'bike'],
  jackets: ['rain', 'down', 'wind', 'fleece', 'shell', 'poncho'],
  ropes: ['single', 'half', 'static', 'cord', 'sling', 'net'],
  maps: ['north', 'south', 'coast', 'valley', 'glacier', 'city'],
};
const SIZES = ['one', 'two', 'three', 'four'];
const GUIDES = ['choose', 'repair', 'pack', 'clean'];
const HELP = ['delivery', 'returns', 'warranty', 'sizes', 'payment', 'contact', 'stores', 'jobs'];

/** What a visitor came for; it does not show in the page alone, so a model has to read the path. */
const INTENTS = ['buy', 'compare', 'read', 'help'] as const;
type Intent = (typeof INTENTS)[number];

const LONGEST_VISIT = 14;

/**
 * Makes sessions of the sample site: readable paths, and habits of second order, so that a model which reads the
 * history beats one that reads the page.
 * @param options.seed one seed, one file.
 */
export function sampleSessions(options: { sessions: number; seed: number }): string[][] {
  const random = createRandom(options.seed);
  return Array.from({ length: options.sessions }, () => visit(random));
}

function visit(random: Random): string[] {
  const intent = pick(INTENTS, random, 1.3);
  const category = pick(Object.keys(SHOP), random, 1.5);
  const path = [entry(intent, category, random)];
  while (path.length < LONGEST_VISIT && (path.length < 2 || random.next() < 0.8)) {
    const current = path.at(-1) ?? '/';
    path.push(next(intent, category, current, path.at(-2), random));
  }
  return path;
}

function entry(intent: Intent, category: string, random: Random): string {
  if (intent === 'help') return random.next() < 0.5 ? '/' : '/help';
  if (intent === 'read')
    return random.next() < 0.6 ? `/guides/${pick(GUIDES, random)}-${category}` : '/guides';
  return random.next() < 0.5 ? '/' : `/shop/${category}`;
}

/** One step: mostly what this visitor's way suggests, now and then anywhere the page links to. */
function next(
  intent: Intent,
  category: string,
  current: string,
  previous: string | undefined,
  random: Random,
): string {
  if (random.next() < 0.12)
    return pick(['/', '/help', '/guides', `/shop/${pick(Object.keys(SHOP), random)}`], random);
  const models = SHOP[category] ?? [];
  const product = () => `/shop/${category}/${pick(models, random, 1.4)}-${pick(SIZES, random, 1.4)}`;
  if (current === '/cart') return '/checkout';
  if (current === '/checkout') return intent === 'buy' ? '/thanks' : '/help/payment';
  if (current.startsWith('/help')) return afterHelp(current, previous, random);
  if (current.startsWith('/guides')) {
    if (current === '/guides') return `/guides/${pick(GUIDES, random, 1.4)}-${category}`;
    return intent === 'read' ? `/guides/${following(GUIDES, current)}-${category}` : product();
  }
  if (current.split('/').length === 4) return afterProduct(intent, current, previous, product);
  if (intent === 'help') return '/help';
  return current === `/shop/${category}` ? product() : `/shop/${category}`;
}

/** Help comes back to the product that led there; else topics are read in order. */
function afterHelp(current: string, previous: string | undefined, random: Random): string {
  if (current === '/help') return `/help/${pick(HELP, random, 1.4)}`;
  if (previous?.split('/').length === 4) return previous;
  return `/help/${following(HELP, current)}`;
}

/** Buyers who came back to a product put it in the cart; those who compare go to its sister in the next size. */
function afterProduct(
  intent: Intent,
  current: string,
  previous: string | undefined,
  product: () => string,
): string {
  if (intent === 'buy') return previous?.startsWith('/help') ? '/cart' : '/help/sizes';
  if (intent === 'compare') {
    const size = SIZES.findIndex((name) => current.endsWith(`-${name}`));
    const sister = SIZES[(size + 1) % SIZES.length] ?? 'one';
    return current.replace(/-[a-z]+$/, `-${sister}`);
  }
  return intent === 'read' ? `/guides/choose-${current.split('/')[2]}` : product();
}

/** The item after the one that a path names, in a fixed order. */
function following(items: readonly string[], path: string): string {
  const at = items.findIndex((item) => path.includes(item));
  return items[(at + 1) % items.length] ?? '';
}

/** Picks an item; a skew above 1 favours the first ones. */
function pick<T>(items: readonly T[], random: Random, skew = 1): T {
  const item = items[Math.floor(random.next() ** skew * items.length)];
  if (item === undefined) throw new RangeError('there is nothing to pick from');
  return item;
}
