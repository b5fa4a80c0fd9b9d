import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { interruptScript } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { siteFolder, train } from '../support/trained.ts';

describe('bad input', () => {
  it.each([
    [
      ['navigatoin'],
      'there is no model "navigatoin"; there are hihello, text, navigation, search, inspect, prepare, sample',
    ],
    [['hihello', '--sell', 'gru'], 'there is no option --sell; the options are --cell'],
    [['hihello', '--cell', 'lstn'], '--cell: '],
    [['hihello', '--iterations', '-1'], "Option '--iterations' argument is ambiguous"],
    [['hihello', 'extra'], '"extra" is one word too many'],
    [['hihello', '--name', '../x'], '--name: must be 1 to 64 lower-case letters'],
    [['navigation'], '--data is missing'],
    [['navigation', '--data', 'none.txt'], 'none.txt: no such file'],
    [['navigation', '--data', 'one.txt'], 'its one session has one page'],
    [['navigation', '--data', 'latin.txt'], 'latin.txt: it is no UTF-8 text'],
    [['navigation', '--data', 'log.txt', '--format', 'parquet'], '--format: '],
    [['navigation', '--data', 'log.txt', '--format', 'index'], 'line 1: "/a" is not a page index'],
    [['navigation', '--data', 'log.txt', '--recipe', 'tutorial'], '--recipe tutorial reads index files'],
    [['navigation', '--data', 'log.txt', '--input', 'one-hot'], 'tied output needs an embedding input'],
    [
      ['navigation', '--data', 'i_x.txt', '--recipe', 'tutorial', '--cell', 'simple'],
      '--cell does not go with --recipe',
    ],
    [
      ['navigation', '--data', 'i_x.txt', '--recipe', 'tutorial', '--test', 'log.txt'],
      '--test does not go with --recipe',
    ],
    [['navigation', '--data', 'i_x.txt', '--recipe', 'tutorial'], 'needs two rows or more'],
    [['hihello', '--out', 'log.txt'], 'log.txt is a file, not a folder'],
    [['hihello', '--out', 'log.txt/deeper'], 'log.txt is a file, not a folder'],
    [['hihello', '--seed', ''], '--seed is empty'],
    [['navigation', '--data', 'log.txt', '--test', 'other.txt', '--epochs', '1'], 'nothing to score'],
  ])('%j gets one sentence, exit code 1, and writes nothing', async (args, message) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'log.txt'), '/a /b /c\n/a /b\n');
    await writeFile(join(folder, 'one.txt'), '/a\n');
    await writeFile(join(folder, 'other.txt'), '/q /r\n');
    await writeFile(join(folder, 'i_x.txt'), '1.0e+00 2.0e+00\n');
    await writeFile(join(folder, 'i_y.txt'), '3.0e+00\n');
    await writeFile(join(folder, 'latin.txt'), Uint8Array.of(0x2f, 0xe9, 0x20, 0x2f, 0x62, 0x0a));
    const { code, stderr } = await train(args.includes('--out') ? args : [...args, '--out', 'out'], folder);
    expect(code).toBe(1);
    const lines = stderr.split('\n').filter((line) => line.startsWith('pathcast: '));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(message);
    expect(stderr).not.toContain('    at ');
    const given = ['i_x.txt', 'i_y.txt', 'latin.txt', 'log.txt', 'one.txt', 'other.txt'];
    expect((await readdir(folder)).sort()).toEqual(given);
    expect(await readFile(join(folder, 'log.txt'), 'utf8')).toBe('/a /b /c\n/a /b\n');
  });
});

describe('data', () => {
  it('with too many bad lines stops the run before training, with exit code 2', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'bad.csv'), 'session,page,time\n1,/a,1\n1,/b,soon\n');
    const { code, stdout, stderr } = await train(['navigation', '--data', 'bad.csv', '--out', 'out'], folder);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      `pathcast: ${join(folder, 'bad.csv')}: 1 of 2 lines cannot be read (50 %, more than --max-bad 1)\n  line 3: the time is neither a number nor a date: 1,/b,soon\n`,
    );
    expect(await readdir(folder)).toEqual(['bad.csv']);
  });

  it.each([
    [
      ['--columns', 'sesion=a'],
      '--columns: "sesion=a" is not of the form ROLE=COLUMN; the roles are session',
    ],
    [['--columns', 'session='], '--columns: "session=" is not of the form'],
    [['--format', 'parquet'], '--format: '],
    [['--redact', '('], '--redact: missing ): ('],
    [['--max-bad', '101'], '--max-bad: '],
    [['--session-gap', '0'], '--session-gap: '],
    [['--spill', 'log.txt'], '--spill: '],
  ])('is not read with %j', async (args, message) => {
    const folder = await siteFolder();
    const { code, stderr } = await train(['inspect', '--data', 'log.txt', ...args], folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pathcast: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});

describe('an interrupted run', () => {
  it('finishes its step on SIGINT, and leaves what it needs to go on and nothing else', async () => {
    const folder = await siteFolder();
    const args = [
      'navigation',
      '--data',
      'log.txt',
      '--out',
      'out',
      '--epochs',
      '1000',
      '--patience',
      '1000',
    ];
    const { code, signal } = await interruptScript(
      'train/src/main.ts',
      args,
      folder,
      'to choose on the last',
    );
    expect([code, signal]).toEqual([130, null]);
    expect(await readdir(join(folder, 'out/navigation'))).toEqual(['.checkpoint.safetensors']);
  });

  it('takes its half-written version away', async () => {
    const folder = await temporaryFolder();
    const script = join(folder, 'interrupted.ts');
    const own = (path: string) => JSON.stringify(resolve(import.meta.dirname, '../../train/src', path));
    await writeFile(
      script,
      `import { mkdirSync, rmSync } from 'node:fs';
       import { handleInterrupts, onInterrupt } from ${own('interrupt.ts')};
       handleInterrupts();
       mkdirSync(${JSON.stringify(join(folder, 'half'))});
       onInterrupt(() => rmSync(${JSON.stringify(join(folder, 'half'))}, { recursive: true }));
       console.log('writing');
       setInterval(() => {}, 1000);`,
    );
    const { code } = await interruptScript(script, [], folder, 'writing');
    expect(code).toBe(130);
    expect(await readdir(folder)).toEqual(['interrupted.ts']);
  });
});
