import { fits, keyNumber, type ListedRun, namesOf, parseCondition, sortedBy } from '@onnx-forge/viz/runs';
import { expect } from 'chai';

const run = (name: string, more: Partial<ListedRun> = {}): ListedRun => ({
  ...{ name, state: 'finished', recipe: 'vae', data: 'digits', options: {}, steps: 1, epochs: 1, when: '2026-01-01' },
  numbers: [],
  ...more,
});

describe('lists of runs', () => {
  const wide = run('wide', {
    options: { latentDim: 100, constructor: 'own' },
    numbers: [
      { name: 'elbo', value: -90, split: 'validation' },
      { name: 'elbo', value: -91, split: 'test' },
    ],
  });
  const narrow = run('narrow', { options: { latentDim: 9 }, state: 'failed' });

  const names = (condition: string) =>
    [wide, narrow, run('bare')].filter((one) => fits(one, parseCondition(condition)!)).map(({ name }) => name);

  it('reads conditions with and without spaces, and no other text', () => {
    expect(parseCondition(' latentDim >= 20 ')).to.deep.equal({ key: 'latentDim', operator: '>=', value: '20' });
    expect(parseCondition('state!=failed')).to.deep.equal({ key: 'state', operator: '!=', value: 'failed' });
    for (const text of ['', 'vae', '=3', 'latentDim=', 'two words=3'])
      expect(parseCondition(text), text).to.equal(undefined);
  });

  it('compares numbers as numbers, all else as texts; what has none fits only !=', () => {
    // As texts 100 < 20 and 9 > 20.
    expect(names('latentDim>=20')).to.deep.equal(['wide']);
    expect(names('latentDim<20')).to.deep.equal(['narrow']);
    expect(names('latentDim!=9')).to.deep.equal(['wide', 'bare']);
    expect(names('constructor=own')).to.deep.equal(['wide']);
    expect(names('constructor!=own')).to.deep.equal(['narrow', 'bare']);
    expect(names('elbo<=-91')).to.deep.equal(['wide']);
    expect(names('elbo<-91')).to.deep.equal([]);
    expect(names('state>finished')).to.deep.equal([]);
  });

  it('takes the number of the test split, and knows what can be asked for', () => {
    expect(keyNumber(wide)).to.deep.include({ value: -91, split: 'test' });
    expect(keyNumber(wide, 'auc')).to.equal(undefined);
    const counts = [undefined, 200, 10_000, 10_000, 50].map((count, value) => ({
      ...{ name: 'accuracy', value, split: 'test' },
      ...(count !== undefined && { count }),
    }));
    expect(keyNumber({ numbers: counts })!.value, 'on the most examples').to.equal(2);
    expect(namesOf([wide, narrow])).to.include.members(['recipe', 'when', 'latentDim', 'constructor', 'elbo']);
    expect(namesOf([narrow])).not.to.include('elbo');
  });

  it('puts what has no value last in both directions, and leaves equals in their order', () => {
    const all = [run('bare'), wide, narrow, run('bare too')];
    const by = (direction: 1 | -1) =>
      sortedBy(all, ({ options }) => options.latentDim, direction).map(({ name }) => name);
    expect(by(1)).to.deep.equal(['narrow', 'wide', 'bare', 'bare too']);
    expect(by(-1)).to.deep.equal(['wide', 'narrow', 'bare', 'bare too']);
  });
});
