import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { complaints, inFolder, onnxForge, runNext } from './onnx-forge.js';

function succeeded({ code, stderr }: { readonly code: number | null; readonly stderr: string }): void {
  expect(code, stderr).to.equal(0);
}

const SETTINGS = '--set units=16 --set batchSize=16 --samples 1 --device cpu --max-steps 4';

describe('onnx-forge: translators', () => {
  it('translates, draws attention and BLEU side by side, and says in one line what it can not do', () =>
    inFolder(async (cwd) => {
      for (const attention of ['content', 'none']) {
        const out = `runs/${attention}`;
        const trained = await onnxForge(`train seq2seq ${SETTINGS} --set attention=${attention} --out ${out}`, cwd);
        expect(trained.code, trained.stderr).to.equal(0);
        const next = await runNext(trained.stdout, cwd);
        expect(next.line).to.match(new RegExp(`^translate ${out} '`));
        expect(next.code, next.stderr).to.equal(0);
      }
      const figures = (name: string) => stat(join(cwd, 'runs', name)).then(Boolean, () => false);
      expect(await figures('content/figures/attention-1.png')).to.equal(true);
      expect(await figures('content/figures/attentionOnMarks.png')).to.equal(true);
      expect(await figures('none/figures/attention-1.png')).to.equal(false);
      expect(await figures('none/figures/bleuByLength.png')).to.equal(true);

      succeeded(await onnxForge('data convert synthetic-grammar -o all.jsonl', cwd));
      const pairs = (await readFile(join(cwd, 'all.jsonl'), 'utf8')).split('\n').slice(0, 60);
      await writeFile(join(cwd, 'pairs.jsonl'), pairs.join('\n'));
      const table = await onnxForge('translate runs/content --data ./pairs.jsonl --json', cwd);
      succeeded(table);
      const rows = JSON.parse(table.stdout).translations as { source: string; target: string; text: string }[];
      expect(rows.length).to.be.within(1, 30);
      const given = pairs.map((line) => JSON.parse(line) as { source: string; target: string });
      for (const { source, target, text } of rows) {
        expect(given.filter((pair) => pair.source === source).map((pair) => pair.target)).to.include(target);
        expect(text).to.be.a('string');
      }

      // A reference of each: BLEU stands below the table, by one run and by two together.
      const bleu = JSON.parse(table.stdout).bleu as number;
      expect(bleu).to.be.within(0, 100);
      const together = await onnxForge(
        'translate runs/content --ensemble runs/none --beam 3 --length-penalty 1 --data ./pairs.jsonl --json',
        cwd,
      );
      succeeded(together);
      const both = JSON.parse(together.stdout);
      expect(both).to.deep.include({ ensemble: ['runs/none'], beam: 3, lengthPenalty: 1 });
      const logs = (all: { logProb: number }[]) => all.map(({ logProb }) => logProb);
      expect(logs(both.translations)).to.have.length(rows.length);
      expect(logs(both.translations)).to.not.deep.equal(logs(JSON.parse(table.stdout).translations));
      const shown = await onnxForge('translate runs/content --data ./pairs.jsonl', cwd);
      expect(shown.stdout).to.include(`BLEU-4 ${bleu.toFixed(1)}, ${rows.length} sentences`);

      const text = 'la mira lo polo auda .';
      const { stdout } = await onnxForge(['translate', 'runs/content', text, '--beam', '3', '--json'], cwd);
      const { translations } = JSON.parse(stdout);
      expect(translations).to.have.length(1);
      const [{ source, tokens, sourceTokens, attention, logProb }] = translations;
      expect(source).to.equal(text);
      expect(sourceTokens).to.deep.equal([...text.split(' '), '<eos>']);
      expect(logProb).to.be.below(0);
      expect(attention).to.have.length(tokens.length);
      for (const row of attention) {
        expect(row).to.have.length(sourceTokens.length);
        expect(row.reduce((sum: number, value: number) => sum + value, 0)).to.be.closeTo(1, 1e-4);
      }
      const several = await onnxForge(['translate', 'runs/none', text, 'una mira oku ?'], cwd);
      expect(several.stdout.split('\n')[2]).to.match(/^la mira lo polo auda \. <eos> {2}/);

      const bars = await onnxForge(
        ['bars', 'with=runs/content', 'without=runs/none', '--metrics', 'bleu(*,exactMatch', '-o', 'bars.png'],
        cwd,
      );
      expect(bars.stdout.split('\n')[0]).to.match(/^run +bleu\(6 words\).* exactMatch$/);
      expect(await figures('../bars.png')).to.equal(true);

      for (const [args, complaint] of [
        [
          ['translate', 'runs/content', text, '--length-penalty', '1'],
          'onnx-forge: --length-penalty chooses among the sentences of a search: give --beam 2 or more',
        ],
        [['translate', 'runs/content', ' '], "onnx-forge: the text has no words: ' ' leaves nothing to translate"],
        [
          ['bars', 'runs/content', '--metrics', 'rouge'],
          "onnx-forge: runs/content: 'rouge' was not measured on the test split; it has bleu, ",
        ],
        [
          ['bars', 'runs/content', 'runs/none', '--metrics', 'attention(<eos>)'],
          "onnx-forge: runs/none: 'attention(<eos>)' was not measured on the test split; it has bleu, ",
        ],
        [
          ['sample', 'runs/content'],
          'onnx-forge: runs/content is of kind translator: it has no latent space to sample',
        ],
      ] as const) {
        const refused = await onnxForge(args, cwd);
        expect(refused.code).to.not.equal(0);
        expect(complaints(refused)).to.have.length(1);
        expect(complaints(refused)[0]!.startsWith(complaint), complaints(refused)[0]).to.equal(true);
      }
    }));
});
