import { basename, isAbsolute } from 'node:path';

/** Options whose values are the user's own affair. */
const PRIVATE = new Set(['--redact']);

/**
 * The command as it was typed, for the report: absolute paths keep their last name only, since a report may travel.
 * @param argv what follows `npm run train --`.
 */
export function commandLine(argv: readonly string[]): string {
  const shown = argv.map((word, i) => {
    const [name = '', ...rest] = word.split('=');
    if (PRIVATE.has(argv[i - 1] ?? '')) return '…';
    if (PRIVATE.has(name) && rest.length > 0) return `${name}=…`;
    const isOption = word.startsWith('--') && rest.length > 0;
    return quote(isOption ? `${name}=${shorten(rest.join('='))}` : shorten(word));
  });
  return ['npm run train --', ...shown].join(' ');
}

function shorten(word: string): string {
  return isAbsolute(word) ? `…/${basename(word)}` : word;
}

/** A word as a shell reads it back. */
export function quote(word: string): string {
  return /^[\w@%+=:,./…-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
