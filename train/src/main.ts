import type { z } from 'zod';
import { describeOptions, parseOptions } from './cli/options.ts';
import { runCommand } from './cli/run.ts';
import { UserError } from './user-error.ts';

/** A command's options and what it does with them. */
interface Loaded<Shape extends z.ZodRawShape> {
  readonly options: z.ZodObject<Shape>;
  run(options: z.infer<z.ZodObject<Shape>>): Promise<void>;
}

interface Command {
  readonly does: string;
  /** Only the command that runs is loaded: reading logs does not wait for tfjs. */
  readonly load: () => Promise<{ options: z.ZodObject; run: (argv: string[]) => Promise<void> }>;
}

const COMMANDS: Record<string, Command> = {
  hihello: {
    does: 'the character labeller: hihell → ihello',
    load: async () => {
      const { hihelloOptions, trainHihello } = await import('./recipes/hihello.ts');
      return command({ options: hihelloOptions, run: trainHihello });
    },
  },
  text: {
    does: 'a character model, from pairs or lines of text: --data FILE',
    load: async () => {
      const { textOptions } = await import('./recipes/text-options.ts');
      const { trainText } = await import('./recipes/text.ts');
      return command({ options: textOptions, run: trainText });
    },
  },
  navigation: {
    does: 'the page ranker, from logs or sessions: --data PATH [--test PATH]',
    load: async () => {
      const { navigationOptions } = await import('./recipes/navigation-options.ts');
      const { trainNavigation } = await import('./recipes/navigation.ts');
      return command({ options: navigationOptions, run: trainNavigation });
    },
  },
  search: {
    does: 'looks for settings that suit the data better than the defaults: --data PATH [--minutes 30]',
    load: async () => {
      const { search, searchOptions } = await import('./search.ts');
      return { options: searchOptions, run: search };
    },
  },
  inspect: {
    does: 'shows what data holds and what training would make of it: --data PATH',
    load: async () => {
      const { inspect, inspectOptions } = await import('./inspect.ts');
      return command({ options: inspectOptions, run: inspect });
    },
  },
  prepare: {
    does: 'writes data as Parquet, to cut it into sessions on a cluster or to keep it: --data PATH --out FILE',
    load: async () => {
      const { prepare, prepareOptions } = await import('./prepare.ts');
      return command({ options: prepareOptions, run: prepare });
    },
  },
  sample: {
    does: "writes the sample site's sessions, and prints the file",
    load: async () => {
      const { sampleOptions, writeSample } = await import('./sample.ts');
      return command({ options: sampleOptions, run: writeSample });
    },
  },
};

function command<Shape extends z.ZodRawShape>({ options, run }: Loaded<Shape>) {
  return { options, run: (argv: string[]) => run(parseOptions(argv, options)) };
}

await runCommand(async () => {
  const [name, ...argv] = process.argv.slice(2);
  if (name === undefined || name === '--help') {
    process.stdout.write(usage());
    return;
  }
  const found = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!found)
    throw new UserError(`there is no model "${name}"; there are ${Object.keys(COMMANDS).join(', ')}`);
  const { options, run } = await found.load();
  if (argv.includes('--help'))
    process.stdout.write(`${name}: ${found.does}\n\n${describeOptions(options)}\n`);
  else await run(argv);
});

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { does }]) => `  ${name.padEnd(12)} ${does}`);
  return `npm run train -- MODEL [options]   (MODEL --help lists them)\n\n${lines.join('\n')}\n`;
}
