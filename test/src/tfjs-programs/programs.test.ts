import { readFileSync } from 'node:fs';
import { PROGRAMS, type ProgramEngine, programFile, runProgram } from '@onnx-forge/bench';
import { expect } from 'chai';
import { compareOutput } from './same-output.js';

const SOURCES = new URL('../../../examples/tfjs-programs/src/', import.meta.url);

/** `ONNX_FORGE_PROGRAMS=long`: at least 100 training steps each, minutes on tfjs's cpu backend. */
const LENGTH = process.env.ONNX_FORGE_PROGRAMS === 'long' ? 'long' : 'short';

const linesOf = async (name: string, engine: ProgramEngine, args: readonly number[]): Promise<string[]> =>
  (await runProgram(programFile(name), engine, args)).lines.map(({ text }) => text);

describe('tfjs programs', () => {
  for (const { name, args } of PROGRAMS) {
    it(`${name}: prints the same as on tfjs cpu`, async function () {
      this.timeout(30 * 60_000);
      const expected = await linesOf(name, 'cpu', args[LENGTH]);
      const { different, decimals, worst } = compareOutput(expected, await linesOf(name, 'onnx', args[LENGTH]));
      expect(different).to.deep.equal([]);
      expect(expected.filter((line) => / tensors/.test(line))).to.have.length.above(1);
      expect(decimals).to.be.above(2);
      if (LENGTH === 'long')
        console.log(`      ${decimals} numbers, the greatest difference ${worst.toExponential(1)}`);
    });
  }

  it('speak of onnx-forge in their one import line only', () => {
    for (const { name } of PROGRAMS) {
      const source = readFileSync(new URL(`${name}.ts`, SOURCES), 'utf8');
      expect(source.match(/.*onnx.*/gi), name).to.deep.equal([`import tf from '@onnx-forge/export/node';`]);
    }
  });
});

describe('tfjs programs: the judge', () => {
  const differences = (expected: string, actual: string): number =>
    compareOutput(expected.split('\n'), actual.split('\n')).different.length;

  it('takes numbers with a decimal point to 1e-4', () => {
    expect(differences('loss 0.25001', 'loss 0.25009')).to.equal(0);
    expect(differences('loss 0.2500', 'loss 0.2503')).to.equal(1);
    expect(differences('loss 1200.05', 'loss 1200.10')).to.equal(0);
    expect(differences('[1, 0.5]', '[0.99999, 0.5]')).to.equal(0);
    expect(differences('loss 0.1', 'loss NaN')).to.equal(1);
  });

  it('wants whole numbers and words equal, and as many lines', () => {
    expect(differences('24 tensors', '25 tensors')).to.equal(1);
    expect(differences('24 tensors', '24 tensors\nmore')).to.equal(1);
    expect(differences('taken for setosa', 'taken for virginica')).to.equal(1);
    expect(differences('[[1 , 2]]', '[[1, 2]]')).to.equal(0);
  });

  it('knows the greatest difference', () => {
    const { decimals, worst } = compareOutput(['a 0.5, b 0.25'], ['a 0.5, b 0.2525']);
    expect(decimals).to.equal(2);
    expect(worst).to.be.closeTo(0.0025, 1e-9);
  });
});
