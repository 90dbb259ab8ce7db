import { growthTable, powerLaw, type RowResult, SERIES, select } from '@onnx-forge/bench';
import { expect } from 'chai';

describe('bench: growth', () => {
  it('fits a power law through points that follow one, and the best line through the logarithms of others', () => {
    const exact = powerLaw([1, 3, 10, 400].map((x) => ({ x, y: 0.7 * x ** 1.5 })));
    expect(exact.exponent).to.be.closeTo(1.5, 1e-12);
    expect(exact.factor).to.be.closeTo(0.7, 1e-12);
    // Logarithms (0, 0), (1, 0), (2, 3): the slope of least squares is 3/2, through the mean (1, 1).
    const { exponent, factor } = powerLaw([
      { x: 1, y: 1 },
      { x: Math.E, y: 1 },
      { x: Math.E ** 2, y: Math.E ** 3 },
    ]);
    expect(exponent).to.be.closeTo(1.5, 1e-12);
    expect(Math.log(factor)).to.be.closeTo(-0.5, 1e-12);
    expect(() => powerLaw([{ x: 2, y: 3 }])).to.throw(TypeError);
    expect(() => powerLaw([{ x: 2, y: 3 }, { x: 2, y: 5 }])).to.throw(TypeError); // biome-ignore format: two points
    expect(() => powerLaw([{ x: 2, y: 0 }, { x: 3, y: 5 }])).to.throw(TypeError); // biome-ignore format: two points
  });

  it('varies each size over a factor of 8 or more', () => {
    for (const { recipe, quantity, values } of SERIES) {
      expect(values.at(-1)! / values[0]!, `${recipe}: ${quantity}`).to.be.at.least(8);
    }
    expect(new Set(SERIES.map(({ quantity }) => quantity))).to.deep.equal(new Set(['batch', 'width', 'data', 'depth']));
  });

  it('makes a table of every series, its exponents below it', () => {
    const row = (value: number, measure: 'iteration' | 'compile' | 'nodes', y: number): RowResult => ({
      id: `net/growth/depth-${value}/${measure}`,
      title: '',
      unit: '',
      better: 'lower',
      at: { series: 'net: depth', value, measure },
      entries: [{ engine: 'onnx-forge', outcome: { status: 'measured', rounds: [y, 2 * y, y], notes: [] } }],
    });
    const rows = [1, 2, 4].flatMap((n) => [
      row(n, 'iteration', 5 * n),
      row(n, 'compile', 100 * n ** 2),
      row(n, 'nodes', 10 * n),
    ]);
    expect(growthTable(rows)!.split('\n').slice(2)).to.deep.equal([
      '| net: depth | 1 | 5 | - | 100 | 10 |',
      '| net: depth | 2 | 10 | - | 400 | 20 |',
      '| net: depth | 4 | 20 | - | 1,600 | 40 |',
      '| net: depth | **exponent** | **1.00** | - | **2.00** | **1.00** |',
      '| net: depth | **exponent by nodes** |  |  | **2.00** |  |',
    ]);
    expect(growthTable([])).to.equal(undefined);
  });

  it('measures a point: nodes that grow with depth, and all of its numbers', async function () {
    this.timeout(120_000);
    const [item] = select(['transformer/growth']);
    const { contenders } = await item!.make({ budgetMs: 1 } as never);
    const measured = contenders.filter(({ rows }) => rows!.some((id) => /depth-[12]\//.test(id)));
    const readings = [];
    for (const contender of measured) {
      const runner = await contender.open();
      const { values } = await runner.measure();
      await runner.close();
      expect(Object.keys(values)).to.have.members([...contender.rows!]);
      for (const value of Object.values(values)) expect(value).to.be.a('number').and.be.above(0);
      readings.push(values);
    }
    const nodes = readings.map((values) => Object.entries(values).find(([id]) => id.endsWith('/nodes'))![1] as number);
    expect(nodes[1]! - nodes[0]!).to.be.above(100);
  });
});
