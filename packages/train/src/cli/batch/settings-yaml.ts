import { stringify } from 'yaml';
import type { OptionSpec, OptionValue, OptionValues } from '../../options/option.js';
import type { Recipe } from '../../recipe/recipe.js';
import { GROUPS, SETTINGS, type Setting } from '../options/settings.js';

const WIDTH = 100;

/** Settings that are in a batch file otherwise: `set` has a part of its own. */
const OTHERS = ['set', 'preset'];

/** All settings of a recipe as `train --config` takes them: YAML with a comment on each. Those without a value are comments too. */
export async function settingsYaml({
  model,
  recipe,
  options,
}: {
  readonly model: string;
  readonly recipe: Recipe;
  readonly options: OptionValues;
}): Promise<string> {
  const sections = Object.entries(GROUPS).map(([group, heading]) => {
    const entries = Object.entries(SETTINGS as Readonly<Record<string, Setting>>)
      .filter(([name, setting]) => setting.group === group && !OTHERS.includes(name))
      .map(([name, setting]) =>
        settingLines(name, setting, { value: options[name], usual: recipe.options[name]?.default }),
      );
    if (group === 'folder') entries.unshift([...comment('Folder of the run. Default: runs/ and the name.'), '# out:']);
    return [`# ${'-'.repeat(8)} ${heading.replace(':', '')}`, '', ...entries.flatMap((lines) => [...lines, ''])];
  });
  const own = Object.entries(options).filter(([name]) => !Object.hasOwn(SETTINGS, name));
  return [
    ...comment(`${recipe.name}: ${recipe.task}. ${recipe.source}`),
    '# Train with: onnx-forge train --config FILE',
    `model: ${stringify(model).trim()}`,
    '',
    ...sections.flat(),
    `# ${'-'.repeat(8)} Options of the recipe`,
    '',
    'set:',
    ...own.flatMap(([name, value]) => [...optionLines(recipe.options[name]!), `  ${pair(name, value)}`, '']),
  ].join('\n');
}

/** Of an option of the recipe (`epochs`), `value` is what it is to be and `usual` its default. */
function settingLines(
  name: string,
  { says, otherwise, type, value: fixed }: Setting,
  { value, usual }: { readonly value: OptionValue | undefined; readonly usual: OptionValue | undefined },
): string[] {
  const known = value ?? fixed;
  const about = comment(`${says}. Accepts ${type.accepts}. Default: ${usual ?? otherwise}.`);
  return [...about, known === undefined ? `# ${name}:` : pair(name, known)];
}

function optionLines({ says, expects, default: value }: OptionSpec): string[] {
  const meaning = says === undefined ? '' : `${says}. `;
  return comment(`${meaning}Accepts ${expects}. Default: ${value}.`).map((line) => `  ${line}`);
}

function pair(name: string, value: unknown): string {
  return stringify({ [name]: value }).trim();
}

/** A text as lines of a comment. */
function comment(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length + 1 > WIDTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
