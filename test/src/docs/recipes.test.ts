import { readdir, readFile, writeFile } from 'node:fs/promises';
import { insert } from '@onnx-forge/bench';
import { recipes } from '@onnx-forge/models';
import { assert } from 'chai';

const ROOT = new URL('../../../', import.meta.url);
const LONGEST = 70;

/** The description before the definition in a recipe's file. */
function docstring(source: string): string {
  const text = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport default defineRecipe/.exec(source)?.[1] ?? '';
  return text.replace(/^ *\* ?/gm, '').trim();
}

/** A property of the recipe as it stands in its file: from its name to the bracket that closes it. */
function property(source: string, name: string): string {
  const definition = source.slice(source.indexOf('export default defineRecipe'));
  const start = new RegExp(`^ {2}${name}(?=[:(])`, 'm').exec(definition)!.index;
  const lines = definition.slice(start).split('\n');
  const end = lines.findIndex((line) => /^ {2}\S.*,$|^ {2}[}\])]+,$/.test(line) && /[)\]}],$/.test(line));
  return lines
    .slice(0, end + 1)
    .map((line) => line.replace(/^ {2}/, ''))
    .join('\n');
}

/** The parts of a recipe's page that its file decides, by the names of their markers. */
async function partsOf(name: string): Promise<{ idea: string; code: string; lines: number }> {
  const recipe = (await recipes[name as keyof typeof recipes]()).default;
  const source = await readFile(new URL(`models/src/${name}.ts`, ROOT), 'utf8');
  const { real, embedded, own } = recipe.data;
  const idea = [
    docstring(source),
    '',
    '| | |',
    '| --- | --- |',
    `| source | ${recipe.source} |`,
    `| data | \`${real}\`; without a file \`${embedded}\` |`,
    `| your own data | ${own} |`,
    `| figures | ${Object.keys(recipe.figures ?? {})
      .map((figure) => `\`${figure}\``)
      .join(', ')} |`,
    `| options | [with their defaults](../settings.md#${name}) |`,
  ].join('\n');
  const excerpt = `${property(source, 'nets')}\n\n${property(source, 'steps')}`;
  const code = [
    '## Train it',
    '',
    '<!-- not run: minutes; the tests of the recipes train every one -->',
    '',
    `    npx onnx-forge train ${name}                    # on generated data`,
    ...(real === undefined ? [] : [`    npx onnx-forge train ${name} --data ${real}`]),
    '',
    '## The code',
    '',
    `Networks and training steps, as they stand in [models/src/${name}.ts](../../models/src/${name}.ts):`,
    '',
    `<!-- not run: a part of models/src/${name}.ts, which the tests of the recipes train -->`,
    '',
    '```ts',
    excerpt,
    '```',
  ].join('\n');
  return { idea, code, lines: excerpt.split('\n').length };
}

describe('docs/recipes', () => {
  it('has a page for each recipe', async () => {
    const pages = await readdir(new URL('docs/recipes/', ROOT));
    assert.sameMembers(
      pages,
      Object.keys(recipes).map((name) => `${name}.md`),
    );
  });

  for (const name of Object.keys(recipes)) {
    it(`${name}.md has what the recipe's file says (npm run docs writes it)`, async () => {
      const { idea, code, lines } = await partsOf(name);
      assert.isAbove(idea.length, 200);
      assert.isAtMost(lines, LONGEST, 'lines of code, which are to fit on a screen');
      const file = new URL(`docs/recipes/${name}.md`, ROOT);
      const before = await readFile(file, 'utf8');
      const page = insert(insert(before, idea, `recipe:${name}:idea`), code, `recipe:${name}:code`);
      if (process.env.UPDATE_DOCS) await writeFile(file, page);
      assert.equal(await readFile(file, 'utf8'), page);
      assert.match(page, /^## The equation\n\n[\s\S]*\n\$\$\n/m);
      assert.match(page, /<!-- figures:[\w-]+:begin -->/);
    });
  }
});
