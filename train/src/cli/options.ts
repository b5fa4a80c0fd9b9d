import { parseArgs } from 'node:util';
import { z } from 'zod';
import { UserError } from '../user-error.ts';

/**
 * Reads `--kebab-case` options and at most `positionals` words into a schema's camelCase fields.
 * @throws UserError in one sentence naming the option at fault.
 */
export function parseOptions<Shape extends z.ZodRawShape>(
  argv: readonly string[],
  schema: z.ZodObject<Shape>,
  positionals: readonly string[] = [],
): z.infer<z.ZodObject<Shape>> {
  const fields = Object.keys(schema.shape).filter((key) => !positionals.includes(key));
  const known = new Map(fields.map((key) => [kebab(key), key]));
  const flags = Object.fromEntries(
    [...known].map(([name, key]) => [name, { type: isFlag(schema, key) ? 'boolean' : 'string' } as const]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...argv], options: flags, allowPositionals: true, allowNegative: true });
  } catch (error) {
    throw new UserError(explain(error, [...known.keys()]), { cause: error });
  }
  if (parsed.positionals.length > positionals.length) {
    throw new UserError(`"${parsed.positionals[positionals.length]}" is one word too many`);
  }
  const values = Object.fromEntries(
    Object.entries(parsed.values).map(([name, value]) => [known.get(name) ?? name, value]),
  );
  for (const [i, word] of parsed.positionals.entries()) values[positionals[i] ?? ''] = word;
  const empty = Object.keys(values).find((key) => values[key] === '');
  if (empty !== undefined) throw new UserError(`--${kebab(empty)} is empty`);
  const checked = schema.safeParse(values);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  const field = String(issue?.path[0] ?? '');
  const shown = positionals.includes(field) ? field.toUpperCase() : `--${kebab(field)}`;
  const described = schema.shape[field] as z.ZodType | undefined; // a shape's fields are types
  if (values[field] === undefined)
    throw new UserError(`${shown} is missing: ${described?.description ?? field}`);
  throw new UserError(
    `${shown}: ${(issue?.message ?? 'not valid').replace(/^\w/, (first) => first.toLowerCase())}`,
  );
}

/** A line an option: its name, what it is for, and its default. */
export function describeOptions(schema: z.ZodObject, positionals: readonly string[] = []): string {
  const lines = Object.entries(schema.shape)
    .filter(([key]) => !positionals.includes(key))
    .map(([key, field]) => {
      const described = field as z.ZodType; // a shape's fields are types
      const fallback = described.safeParse(undefined);
      const shown = fallback.success && fallback.data !== undefined ? ` (${String(fallback.data)})` : '';
      return `  ${`--${kebab(key)}`.padEnd(18)} ${described.description ?? ''}${shown}`;
    });
  return lines.join('\n');
}

function isFlag(schema: z.ZodObject, key: string): boolean {
  const field = schema.shape[key];
  const inner = field instanceof z.ZodDefault || field instanceof z.ZodOptional ? field.unwrap() : field;
  return inner instanceof z.ZodBoolean;
}

/** `learningRate` → `learning-rate`. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function explain(error: unknown, known: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error);
  const unknown = /^Unknown option '([^']+)'/.exec(message)?.[1];
  if (unknown)
    return `there is no option ${unknown}; the options are ${known.map((name) => `--${name}`).join(', ')}`;
  return message.split(/\. |\n/)[0] ?? message;
}
