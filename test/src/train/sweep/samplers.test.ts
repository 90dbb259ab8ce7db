import { Random } from '@onnx-forge/infer';
import type { OptionValues } from '@onnx-forge/train/options';
import { type PastTrial, SAMPLERS, type Space, spaceSchema } from '@onnx-forge/train/sweep';
import { expect } from 'chai';

const SPACE: Space = spaceSchema.parse({
  rate: { min: 1e-5, max: 1e-1, log: true },
  units: { min: 3, max: 6, integer: true },
  shape: ['flat', 'deep'],
  depth: { min: 1, max: 4, integer: true, when: { shape: 'deep' } },
});

function draw(
  search: 'random' | 'tpe' | 'grid',
  space: Space,
  number: number,
  past: readonly PastTrial[] = [],
  seed = 1,
) {
  return SAMPLERS[search].settings({ space, number, past, random: new Random(seed).fork(`trial ${number}`) });
}

/** Runs a search on a function; gives the lowest loss. */
function minimum(
  search: 'random' | 'tpe',
  space: Space,
  loss: (settings: OptionValues) => number,
  seed: number,
): number {
  const past: PastTrial[] = [];
  for (let number = 0; number < 60; number += 1) {
    const settings = draw(search, space, number, past, seed);
    past.push({ number, settings, loss: loss(settings) });
  }
  return Math.min(...past.map(({ loss: one }) => one!));
}

describe('searches', () => {
  it('random: uniform in the logarithm, whole numbers alike often, and conditions heeded', () => {
    const drawn = Array.from({ length: 4_000 }, (_, number) => draw('random', SPACE, number));
    const logs = drawn.map(({ rate }) => Math.log10(rate as number));
    expect(Math.min(...logs)).to.be.at.least(-5);
    expect(Math.max(...logs)).to.be.at.most(-1);
    // A uniform variable on [-5, -1]: mean -3, variance 4/3; five standard errors.
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
    expect(Math.abs(mean + 3)).to.be.below((5 * Math.sqrt(4 / 3)) / Math.sqrt(4_000));
    for (const unit of [3, 4, 5, 6]) {
      const count = drawn.filter(({ units }) => units === unit).length;
      expect(Math.abs(count - 1_000)).to.be.below(5 * Math.sqrt(4_000 * 0.25 * 0.75));
    }
    expect(drawn.every((settings) => 'depth' in settings === (settings.shape === 'deep'))).to.equal(true);
  });

  it("random: a trial's settings depend on its number and the seed only, and not on further parameters", () => {
    expect(draw('random', SPACE, 7)).to.deep.equal(draw('random', SPACE, 7));
    expect(draw('random', SPACE, 7)).to.not.deep.equal(draw('random', SPACE, 8));
    const more = { first: { min: 0, max: 1 }, ...SPACE };
    const { first: _, ...others } = draw('random', more, 7);
    expect(others).to.deep.equal(draw('random', SPACE, 7));
  });

  it('grid: every combination once, conditions heeded, ends of ranges exact', () => {
    const space = spaceSchema.parse({
      rate: { min: 1e-3, max: 1e-1, log: true, points: 3 },
      shape: ['flat', 'deep'],
      depth: { min: 1, max: 3, integer: true, when: { shape: 'deep' } },
    });
    const size = SAMPLERS.grid.size!(space);
    expect(size).to.equal(3 * (1 + 3));
    const points = Array.from({ length: size }, (_, number) => draw('grid', space, number));
    expect(new Set(points.map((point) => JSON.stringify(point))).size).to.equal(size);
    expect(points[0]).to.deep.equal({ rate: 1e-3, shape: 'flat' });
    expect(points.at(-1)).to.deep.equal({ rate: 1e-1, shape: 'deep', depth: 3 });
    expect(points[4]!.rate).to.be.closeTo(1e-2, 1e-15);
  });

  it('tpe: draws gather where good trials are, by number, choice and condition', () => {
    const past = Array.from({ length: 40 }, (_, number): PastTrial => {
      const settings = draw('random', SPACE, number, [], 5);
      const { rate, shape, depth = 0 } = settings as { rate: number; shape: string; depth?: number };
      const loss = (Math.log10(rate) + 2) ** 2 + (shape === 'deep' ? 0 : 2) + Math.abs(depth - 3);
      return { number, settings, loss };
    });
    const drawn = Array.from({ length: 200 }, (_, i) => draw('tpe', SPACE, 40 + i, past));
    const near = drawn.filter(({ rate }) => Math.abs(Math.log10(rate as number) + 2) < 1).length;
    // Uniform draws would come to one half.
    expect(near).to.be.above(140);
    expect(drawn.filter(({ shape }) => shape === 'deep').length).to.be.above(140);
    expect(drawn.every((settings) => 'depth' in settings === (settings.shape === 'deep'))).to.equal(true);
    expect(drawn.every(({ units }) => Number.isInteger(units) && Number(units) >= 3 && Number(units) <= 6)).to.equal(
      true,
    );
  });

  it('tpe: finds lower values than random draws, in the mean over ten seeds', () => {
    const space = spaceSchema.parse({ x: { min: -2, max: 2 }, y: { min: -2, max: 2 }, z: { min: -2, max: 2 } });
    const bowl = ({ x, y, z }: OptionValues) => (Number(x) - 1) ** 2 + (Number(y) + 0.5) ** 2 + Number(z) ** 2;
    const mean = (search: 'random' | 'tpe') =>
      Array.from({ length: 10 }, (_, seed) => minimum(search, space, bowl, seed)).reduce((sum, low) => sum + low, 0) /
      10;
    expect(mean('tpe')).to.be.below(0.5 * mean('random'));
  });

  it('tpe: failed trials say nothing, stopped ones count less than whole ones', () => {
    const space = spaceSchema.parse({ x: { min: 0, max: 1 } });
    const whole = Array.from(
      { length: 10 },
      (_, number): PastTrial => ({ number, settings: { x: 0.9 + number / 200 }, loss: 1 }),
    );
    const stopped = Array.from(
      { length: 10 },
      (_, i): PastTrial => ({
        ...{ number: 10 + i, settings: { x: 0.1 + i / 200 }, loss: 0.5, stoppedAt: 1 },
      }),
    );
    const failed = Array.from(
      { length: 10 },
      (_, i): PastTrial => ({ number: 20 + i, settings: { x: 0.5 }, loss: undefined }),
    );
    const past = [...whole, ...stopped, ...failed];
    const high = Array.from({ length: 100 }, (_, i) => draw('tpe', space, 30 + i, past)).filter(
      ({ x }) => Number(x) > 0.5,
    );
    expect(high.length).to.be.above(80);
  });

  it('refuses spaces that can draw nothing sensible', () => {
    const problem = (space: unknown) => spaceSchema.safeParse(space).error?.issues[0]?.message;
    expect(problem({ x: { min: 2, max: 1 } })).to.include('min must be below max');
    expect(problem({ x: { min: 0, max: 1, log: true } })).to.include('above 0');
    expect(problem({ x: { min: 0.5, max: 3, integer: true } })).to.include('whole ends');
    expect(problem({ x: [] })).to.be.a('string');
    expect(problem({})).to.include('no parameter');
    expect(problem({ x: { values: [1], when: { y: 1 } }, y: [1, 2] })).to.include("'y' must stand above it");
  });
});
