import { FigureError, type GridOptions, grid } from '@onnx-forge/viz';
import { expect } from 'chai';
import { at, decode, inkIn, window } from './pixels.js';

const SIZE = { height: 2, width: 3 };

describe('viz: grid', () => {
  it('puts each value on its pixel', () => {
    const first = Float32Array.of(0, 0.2, 0.4, 0.6, 0.8, 1);
    const second = Float32Array.of(1, 1, 1, 0, 0, 0);
    const pixels = decode(grid([first, second], { ...SIZE, columns: 2, padding: 1, background: 7 }));
    expect(pixels.colorType, 'a gray PNG').to.equal(0);
    expect([pixels.width, pixels.height]).to.deep.equal([9, 4]);
    expect(window(pixels, 0, 0, 9, 4)).to.deep.equal([
      [7, 7, 7, 7, 7, 7, 7, 7, 7],
      [7, 0, 51, 102, 7, 255, 255, 255, 7],
      [7, 153, 204, 255, 7, 0, 0, 0, 7],
      [7, 7, 7, 7, 7, 7, 7, 7, 7],
    ]);
  });

  it('makes every pixel a square when scaled up, and leaves missing images blank', () => {
    const image = Float32Array.of(0, 1, 0.2, 0.4);
    const pixels = decode(
      grid([image, image, image], { height: 2, width: 2, columns: 2, padding: 0, scale: 2, background: 9 }),
    );
    const [top, bottom] = [
      [0, 0, 255, 255],
      [51, 51, 102, 102],
    ];
    expect(window(pixels, 0, 0, 4, 4)).to.deep.equal([top, top, bottom, bottom]);
    expect(window(pixels, 4, 0, 4, 4)).to.deep.equal([top, top, bottom, bottom]);
    expect(window(pixels, 0, 4, 4, 4)).to.deep.equal([top, top, bottom, bottom]);
    expect(
      window(pixels, 4, 4, 4, 4)
        .flat()
        .every((value) => value === 9),
    ).to.equal(true);
  });

  it('reads colour channels last', () => {
    const pixels = decode(
      grid(Float32Array.of(1, 0, 0.2, 0, 1, 0.4), { height: 1, width: 2, channels: 3, padding: 0 }),
    );
    expect(pixels.colorType, 'an RGB PNG').to.equal(2);
    expect([at(pixels, 0, 0), at(pixels, 1, 0)]).to.deep.equal([
      [255, 0, 51],
      [0, 255, 102],
    ]);
  });

  it('has a subtitle below its title, fainter, without a change of the images', () => {
    const image = new Float32Array(28 * 28).fill(0.5);
    const options = { height: 28, width: 28, columns: 8, scale: 2, title: 'Samples' };
    const images = Array<Float32Array>(8).fill(image);
    const [bare, full] = [options, { ...options, subtitle: 'vae, seed 1' }].map((one) => decode(grid(images, one)));
    expect(full!.width).to.equal(bare!.width);
    const room = full!.height - bare!.height;
    expect(room, 'a line of text').to.be.within(12, 40);
    const [title, subtitle] = [bare!.height - 56 - 12 - room, bare!.height - 56 - 12];
    expect(inkIn(full!, 0, title, 200, subtitle)).to.be.above(0);
  });

  it('maps the range to black and white and clamps what is outside', () => {
    const tanh = Float32Array.of(-1, 0, 1, -7, 7, 0.6);
    const pixels = decode(grid(tanh, { ...SIZE, padding: 0, range: [-1, 1] }));
    expect(window(pixels, 0, 0, 3, 2)).to.deep.equal([
      [0, 128, 255],
      [0, 255, 204],
    ]);
  });

  it('takes one array for all images, and the smallest square that holds them', () => {
    const { width, height } = decode(grid(new Float32Array(5 * 6), SIZE));
    expect([width, height]).to.deep.equal([2 + 3 * (3 + 2), 2 + 2 * (2 + 2)]);
  });

  it('leaves the pixels as they are when it adds text', () => {
    const images = Array.from({ length: 6 }, (_, k) =>
      Float32Array.from({ length: 400 }, (_, i) => ((i * 7 + k * 13) % 256) / 255),
    );
    const options: GridOptions = { height: 20, width: 20, columns: 3, padding: 3, background: 200 };
    const bare = decode(grid(images, options));
    const texts: Partial<GridOptions>[] = [
      { title: 'Samples after 10 epochs' },
      { rowLabels: ['latent', 'data'] },
      { columnLabels: ['0', '½', '1'] },
      { columnLabels: ['a long label', 'b', 'c'] },
      { title: 'All', rowLabels: ['α', 'β'], columnLabels: ['0.0', '0.5', '1.0'] },
    ];
    for (const text of texts) {
      const framed = decode(grid(images, { ...options, ...text }));
      const [left, top] = locate(framed, bare.width, bare.height, window(bare, 3, 3, 20, 1)[0]!);
      expect(window(framed, left, top, bare.width, bare.height), JSON.stringify(text)).to.deep.equal(
        window(bare, 0, 0, bare.width, bare.height),
      );
      const ink = inkIn(framed, 0, 0, framed.width, framed.height) - inkIn(framed, left, top, bare.width, bare.height);
      expect(ink, `${JSON.stringify(text)}: text is visible`).to.be.greaterThan(10);
    }
  });

  it('sets captions below their images, and keeps neighbours apart', () => {
    const images = Array.from({ length: 2 }, () => new Float32Array(100).fill(1));
    const pixels = decode(
      grid(images, { height: 10, width: 10, columns: 2, padding: 2, captions: ['0.00000000283', '1.9'] }),
    );
    expect(pixels.width).to.be.greaterThan(2 * 80);
    expect(inkIn(pixels, 0, 20, pixels.width, pixels.height - 20)).to.be.greaterThan(20);
  });

  const image = new Float32Array(6);
  const faults: [string, () => unknown, FigureError['code'], RegExp][] = [
    ['no images', () => grid([], SIZE), 'bad-shape', /images is empty/],
    ['a ragged batch', () => grid(new Float32Array(7), SIZE), 'bad-shape', /7 values .* 2 x 3 x 1 \(6 values each\)/],
    ['one odd image', () => grid([image, new Float32Array(5)], SIZE), 'bad-shape', /image 1 has 5 values/],
    [
      'NaN',
      () => grid([image, Float32Array.of(0, 0, 0, 0, NaN, 0)], SIZE),
      'not-finite',
      /image 1 holds NaN at row 1, column 1/,
    ],
    ['an empty range', () => grid(image, { ...SIZE, range: [1, 1] }), 'bad-option', /range must be \[low, high\]/],
    ['a NaN range', () => grid(image, { ...SIZE, range: [0, NaN] }), 'bad-option', /range must be/],
    [
      'half a pixel',
      () => grid(image, { ...SIZE, scale: 0.5 }),
      'bad-option',
      /scale must be an integer of at least 1/,
    ],
    ['no columns', () => grid(image, { ...SIZE, columns: 0 }), 'bad-option', /columns must be/],
    [
      'two channels',
      () => grid(image, { ...SIZE, channels: 2 as 1 }),
      'bad-option',
      /channels must be 1 \(gray\) or 3/,
    ],
    ['too few labels', () => grid(image, { ...SIZE, rowLabels: [] }), 'bad-shape', /rowLabels .* per row \(1\), got 0/],
  ];
  for (const [what, draw, code, message] of faults) {
    it(`refuses ${what} with one clear line`, () => {
      expect(draw).to.throw(FigureError, message).with.property('code', code);
    });
  }
});

/** Where the grid lies: the place of its first row of pixels, less the padding of 3. */
function locate(page: ReturnType<typeof decode>, width: number, height: number, row: number[]): [number, number] {
  for (let top = 0; top + height <= page.height; top++) {
    for (let left = 0; left + width <= page.width; left++) {
      if (row.every((value, i) => at(page, left + 3 + i, top + 3)[0] === value)) return [left, top];
    }
  }
  throw new Error('the grid is not on the page');
}
