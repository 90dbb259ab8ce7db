import yargs, { type Argv } from 'yargs';
import { suggestion } from '../suggest.js';
import { type Command, type CommandContext, type CommandEntry, nameOf, type Outcome } from './command.js';
import { UsageError } from './errors.js';

const PROGRAM = 'onnx-forge';
const COMPLETION = 'completion';

/** A command line that was understood: a command to run, or a text to print. */
export type Parsed = { readonly help: string } | { readonly run: (context: CommandContext) => Promise<Outcome> };

/**
 * Understands a command line without doing anything yet; only the file of its command is loaded.
 *
 * @throws UsageError, one line that suggests the nearest command or option
 */
export async function parseCommandLine(
  words: readonly string[],
  entries: readonly CommandEntry[],
  { version, columns }: { version: string; columns: number },
): Promise<Parsed> {
  const argv =
    words[0] === 'help'
      ? [...words.slice(words[1] === 'help' ? 2 : 1), '--help']
      : words.length === 0
        ? ['--help']
        : words;
  const named = namedCommand(argv, entries);
  const command = named === undefined ? undefined : (await named.load()).command;
  const more = argv.some((word) => word === '--help' || word === '-h')
    ? await command?.helpOn?.(argv.slice(1))
    : undefined;
  let run: ((context: CommandContext) => Promise<Outcome>) | undefined;
  let help = '';
  const parser = yargs()
    .scriptName(PROGRAM)
    .usage(
      '$0 <command>\n\nTrain classic deep-learning models with TensorFlow.js code, turn them into ONNX, use them anywhere.',
    )
    .locale('en')
    .wrap(Math.min(110, columns))
    .updateStrings({ 'Options:': 'Everywhere:' })
    // Values stay text: options check and convert them (values.ts).
    .parserConfiguration({
      'greedy-arrays': false,
      'boolean-negation': true,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .option('json', { type: 'boolean', describe: 'One JSON object on stdout instead of text' })
    .option('quiet', { type: 'boolean', describe: 'No progress on stderr; notices and errors stay' })
    .option('verbose', { type: 'boolean', describe: 'The error code and a stack trace when something fails' })
    .epilogue(
      'Exit codes: 0 done, 1 failed (one line on stderr says why), 2 wrong usage, 130 ended by Ctrl-C.\n' +
        `'${PROGRAM} <command> --help' shows a command's options and examples.`,
    )
    .help()
    .alias('help', 'h')
    .version(version)
    // Words that are still to be completed are not checked.
    .strict(!isCompletion(argv))
    .fail((message, error) => {
      throw error instanceof UsageError ? error : explain(message ?? String(error), argv, named?.usage, command);
    })
    .exitProcess(false);
  for (const entry of entries) {
    const { usage, summary } = entry;
    if (entry !== named || command === undefined) {
      parser.command(usage, summary);
      continue;
    }
    parser.command(
      usage,
      summary,
      (own) => describe(own as Argv, entry, command, more),
      (args) => {
        run = (context) => command.run(args, context);
      },
    );
  }
  parser.completion(COMPLETION, 'Print a script that completes command lines, for ~/.bashrc or ~/.zshrc');
  parser.parse([...argv], {}, (_error: unknown, _args: unknown, output: string) => {
    help = output;
  });
  return run === undefined ? { help: named === undefined ? grouped(help, entries) : help } : { run };
}

/** The script that shells load, or a question that it asks. */
function isCompletion(argv: readonly string[]): boolean {
  return argv[0] === COMPLETION || argv.includes('--get-yargs-completions');
}

/** yargs's list of all commands, which knows no groups, with a heading before the first command of each. */
function grouped(help: string, entries: readonly CommandEntry[]): string {
  const heads = new Map<string, string>();
  for (const entry of entries.toReversed()) heads.set(entry.group, nameOf(entry));
  const headings = new Map([...heads].map(([group, name]) => [name, `\n${group}:\n`]));
  const line = new RegExp(`^  ${PROGRAM} ([a-z]+)`, 'gm');
  return help
    .replace(/\nCommands:\n/, '')
    .replace(line, (start, name: string) => `${headings.get(name) ?? ''}${start}`);
}

/** One command's arguments, options and help. */
function describe(parser: Argv, entry: CommandEntry, command: Command, more?: string): Argv {
  const details = command.details ?? `${entry.summary}.`;
  parser.usage(`$0 ${entry.usage}\n\n${more === undefined ? '' : `${more}\n\n`}${details}`);
  for (const [name, positional] of Object.entries(command.positionals)) parser.positional(name, positional);
  for (const [name, option] of Object.entries(command.options)) {
    const { group = `Options of ${nameOf(entry)}:`, default: value } = option;
    parser.option(name, { ...option, group, ...(typeof value === 'string' && { defaultDescription: value }) });
  }
  for (const [line, meaning] of command.examples) parser.example(`$0 ${line}`, meaning);
  return parser;
}

/**
 * The command that the first word names; none for help, version and completion of all commands. yargs's own message would
 * neither be about commands nor suggest one.
 */
function namedCommand(argv: readonly string[], entries: readonly CommandEntry[]): CommandEntry | undefined {
  // The shell's question is `--get-yargs-completions onnx-forge COMMAND ...`.
  if (isCompletion(argv)) return entries.find((entry) => argv.includes(nameOf(entry)));
  const names = [...entries.map(nameOf), COMPLETION];
  const first = argv.find((word) => !word.startsWith('-'));
  if (first === undefined) {
    if (argv.some((word) => ['--help', '-h', '--version'].includes(word))) return undefined;
    throw new UsageError(`no command is given; commands: ${names.join(', ')} (see '${PROGRAM} --help')`);
  }
  if (!names.includes(first)) {
    const hint = suggestion(first, names) || `; commands: ${names.join(', ')}`;
    throw new UsageError(`there is no command '${first}'${hint}`, { command: first, known: names });
  }
  return entries.find((entry) => nameOf(entry) === first);
}

/** yargs's complaint as one line that names the option as it was typed and suggests the nearest. */
function explain(
  complaint: string,
  argv: readonly string[],
  usage: string | undefined,
  command: Command | undefined,
): UsageError {
  const name = argv.find((word) => !word.startsWith('-')) ?? '';
  const see = `see '${PROGRAM} ${name} --help'`;
  const unknown = /^Unknown arguments?: (.*)$/m.exec(complaint)?.[1]?.split(', ');
  if (unknown === undefined) {
    const message = complaint.replace(/\s*[\r\n]+\s*/g, ' ').trim();
    const missing = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
    if (missing !== undefined) return new UsageError(`--${missing.split(', ')[0]} needs a value; ${see}`);
    const needed = /^Missing required arguments?: (.*)$/.exec(message)?.[1];
    if (needed !== undefined) return new UsageError(`${name} needs --${needed.replaceAll(', ', ' and --')}; ${see}`);
    if (message.startsWith('Not enough non-option arguments')) {
      return new UsageError(`something is missing: ${PROGRAM} ${usage}; ${see}`);
    }
    // A message of ours that ends with a question has made its suggestion.
    return new UsageError(message.endsWith('?') ? message : `${message}; ${see}`);
  }
  const word = unknown.find((given) => argv.includes(given));
  if (word !== undefined) return new UsageError(`${name}: what is '${word}'? ${see}`, { word });
  const single = argv.find((word) => /^-[a-zA-Z]{2,}/.test(word) && unknown.some((letter) => word.includes(letter)));
  const typed = single?.slice(1).split('=')[0] ?? unknown[0]!;
  const known = [...Object.keys(command?.options ?? {}), 'json', 'quiet', 'verbose', 'help'];
  if (single !== undefined && known.includes(typed)) {
    return new UsageError(`'-${typed}' needs two dashes: --${typed}`, { option: typed });
  }
  const asTyped =
    argv.find((word) => word === `-${typed}` || word.startsWith(`--${typed}`))?.split('=')[0] ?? `--${typed}`;
  const hint = suggestion(typed, known, '--') || `; ${see}`;
  return new UsageError(`${name} has no option '${asTyped}'${hint}`, { option: typed, known });
}
