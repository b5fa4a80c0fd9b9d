import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { describeOptions, parseOptions } from './cli/options.ts';
import { ROOT, runCommand, userPath } from './cli/run.ts';
import { sampleSessions } from './data/sample-site.ts';
import { inspect, inspectOptions } from './inspect.ts';
import { prepare, prepareOptions } from './prepare.ts';
import { hihelloOptions, trainHihello } from './recipes/hihello.ts';
import { trainNavigation } from './recipes/navigation.ts';
import { navigationOptions } from './recipes/navigation-options.ts';
import { UserError } from './user-error.ts';

const sampleOptions = z.strictObject({
  out: z.string().optional().describe('file to write (.cache/sample/sessions.txt)'),
  sessions: z.coerce.number().int().min(2).max(1e7).default(6000).describe('how many'),
  seed: z.coerce.number().int().min(0).max(0xffff_ffff).default(1).describe('one seed, one file'),
});

const COMMANDS: Record<
  string,
  { does: string; options: z.ZodObject; run: (argv: string[]) => Promise<void> }
> = {
  hihello: {
    does: 'the character labeller: hihell → ihello',
    options: hihelloOptions,
    run: (argv) => trainHihello(parseOptions(argv, hihelloOptions)),
  },
  navigation: {
    does: 'the page ranker, from logs or sessions: --data PATH [--test PATH]',
    options: navigationOptions,
    run: (argv) => trainNavigation(parseOptions(argv, navigationOptions)),
  },
  inspect: {
    does: 'shows what data holds and what training would make of it: --data PATH',
    options: inspectOptions,
    run: (argv) => inspect(parseOptions(argv, inspectOptions)),
  },
  prepare: {
    does: 'writes data as Parquet, to cut it into sessions on a cluster or to keep it: --data PATH --out FILE',
    options: prepareOptions,
    run: (argv) => prepare(parseOptions(argv, prepareOptions)),
  },
  sample: {
    does: "writes the sample site's sessions, and prints the file",
    options: sampleOptions,
    run: (argv) => writeSample(parseOptions(argv, sampleOptions)),
  },
};

await runCommand(async () => {
  const [name, ...argv] = process.argv.slice(2);
  if (name === undefined || name === '--help') {
    process.stdout.write(usage());
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new UserError(`there is no model "${name}"; there are ${Object.keys(COMMANDS).join(', ')}`);
  if (argv.includes('--help'))
    process.stdout.write(`${name}: ${command.does}\n\n${describeOptions(command.options)}\n`);
  else await command.run(argv);
});

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { does }]) => `  ${name.padEnd(12)} ${does}`);
  return `npm run train -- MODEL [options]   (MODEL --help lists them)\n\n${lines.join('\n')}\n`;
}

async function writeSample({ out, sessions, seed }: z.infer<typeof sampleOptions>): Promise<void> {
  const path = out === undefined ? join(ROOT, '.cache', 'sample', 'sessions.txt') : userPath(out);
  const lines = sampleSessions({ sessions, seed }).map((session) => `${session.join(' ')}\n`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, lines.join(''));
  process.stdout.write(`${path}\n`);
}
