import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const WORKSPACES = ['models', 'train', 'worker', 'client', 'test'];

/** What each folder may import of ours, and which outside packages it may not touch. */
const RULES: Record<string, { ours: readonly RegExp[]; forbidden: readonly RegExp[] }> = {
  'models/src': {
    ours: [],
    forbidden: [/^node:/, /^cloudflare:/, /^@tensorflow\/tfjs$/, /^@tensorflow\/tfjs-(backend|node)/],
  },
  'train/src': { ours: [/^@pathcast\/models\//], forbidden: [/^cloudflare:/] },
  'worker/src': { ours: [/^@pathcast\/models\//], forbidden: [/^node:/, /^@tensorflow\//] },
  'worker/node': {
    ours: [/^@pathcast\/models\//, /^@pathcast\/worker\/(?!node|scripts)/],
    forbidden: [/^cloudflare:/, /^@tensorflow\//, /^(miniflare|wrangler)$/],
  },
  'worker/playground': {
    ours: [/^pathcast(\/(fine-tune))?$/],
    forbidden: [/^cloudflare:/, /^@tensorflow\//, /^@pathcast\//],
  },
  'client/src': {
    ours: [/^@pathcast\/models\//],
    forbidden: [/^node:/, /^cloudflare:/, /^@tensorflow\/tfjs$/],
  },
};

/** Modules of `models` that run where there is no tfjs. */
const WITHOUT_TFJS = [
  'vocabulary',
  'api',
  'manifest',
  'artifacts',
  'openapi',
  'pack/pack',
  'predictor/predictor',
];

const OURS = /^(@pathcast\/|pathcast(\/|$))/;

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/node_modules|(^|\/)dist\//.test(path))
    .map((path) => join(folder, path));
}

interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

/** Every module that a file names: static and dynamic imports, and re-exports. */
function importsOf(path: string): Import[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({
        specifier: node.moduleSpecifier.text,
        isTypeOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword,
      });
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      found.push({ specifier: node.moduleSpecifier.text, isTypeOnly: node.isTypeOnly });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument))
        found.push({ specifier: argument.text, isTypeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The modules that a module of `models` reaches when it runs. */
function reached(module: string): Set<string> {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { specifier, isTypeOnly } of importsOf(path)) {
      if (isTypeOnly) continue;
      if (specifier.startsWith('.')) visit(relative(ROOT, resolve(ROOT, path, '..', specifier)));
      else seen.add(specifier);
    }
  };
  visit(join('models/src', `${module}.ts`));
  return seen;
}

describe('imports', () => {
  it.each(Object.entries(RULES))('of %s keep to the architecture', (folder, { ours, forbidden }) => {
    const files = sources(folder);
    expect(files.length).toBeGreaterThan(0);
    const breaches = files.flatMap((path) =>
      importsOf(path)
        .filter(({ specifier }) => {
          if (specifier.startsWith('.'))
            return !resolve(ROOT, path, '..', specifier).startsWith(join(ROOT, folder));
          if (OURS.test(specifier)) return !ours.some((allowed) => allowed.test(specifier));
          return forbidden.some((pattern) => pattern.test(specifier));
        })
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    // The playground's build script runs in Node and is not part of the page.
    expect(breaches.filter((breach) => !breach.startsWith('worker/playground/build.ts'))).toEqual([]);
  });

  it.each(WITHOUT_TFJS)('of models/%s reach no tfjs', (module) => {
    const names = [...reached(module)];
    expect(names.filter((name) => name.startsWith('@tensorflow/'))).toEqual([]);
  });

  it('of the client’s root take types only, and no tfjs loads before it is asked for', () => {
    for (const path of sources('client/src')) {
      const isRoot = !path.includes('fine-tune');
      for (const { specifier, isTypeOnly } of importsOf(path)) {
        if (isRoot && OURS.test(specifier)) {
          expect([path, specifier, isTypeOnly]).toEqual([path, '@pathcast/models/api', true]);
        }
        if (isRoot) expect(specifier).not.toMatch(/^@tensorflow\//);
      }
    }
  });
});

describe('dependencies', () => {
  const manifests = ['.', ...WORKSPACES].map((folder) => {
    const text = readFileSync(join(ROOT, folder, 'package.json'), 'utf8');
    const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>; // npm's own format
    return { folder, manifest };
  });
  const all = manifests.flatMap(({ folder, manifest }) =>
    ['dependencies', 'devDependencies', 'peerDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {}).map(([name, version]) => ({ folder, name, version })),
    ),
  );

  it('are pinned exactly, and alike in every workspace', () => {
    const versions = new Map<string, string>();
    for (const { folder, name, version } of all) {
      expect(`${folder} ${name} ${version}`).toMatch(/ \d+\.\d+\.\d+(-r\.\d+)?$/);
      expect([name, versions.get(name) ?? version]).toEqual([name, version]);
      versions.set(name, version);
    }
  });

  it('each have a line in CONTRIBUTING.md that says why', () => {
    const text = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
    const outside = new Set(all.map(({ name }) => name).filter((name) => !OURS.test(name)));
    expect([...outside].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  const lockText = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');

  it('are locked without naming where they were fetched from', () => {
    expect(lockText).not.toMatch(/"resolved": "https?:/);
  });

  it('are locked for every platform, which `npm ci` insists on', () => {
    const { packages } = JSON.parse(lockText) as {
      packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>; // npm's own format
    };
    const locked = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)));
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !locked.has(name))
        .map((name) => `${path} needs ${name}`),
    );
    expect(missing).toEqual([]);
  });
});
