import {
  type BarChartSpec,
  barChart,
  FigureError,
  type HeatMapSpec,
  heatMap,
  type LineChartSpec,
  lineChart,
  scatterPlot,
  svgToPng,
} from '@onnx-forge/viz';
import { expect } from 'chai';
import { ciede2000, ciede2000OfLab, simulate } from './color-vision.js';
import { decode, inkIn } from './pixels.js';

const EPOCHS = Array.from({ length: 20 }, (_, i) => i + 1);
const LOSSES: LineChartSpec = {
  title: 'VAE on binarised MNIST',
  subtitle: 'negative ELBO, lower is better',
  x: { label: 'epoch' },
  y: { label: 'loss (nats per image)' },
  series: [
    { name: 'training', x: EPOCHS, y: EPOCHS.map((epoch) => 100 + 90 * Math.exp(-epoch / 3)) },
    { name: 'validation', x: EPOCHS, y: Float32Array.from(EPOCHS, (epoch) => 102 + 88 * Math.exp(-epoch / 3)) },
  ],
};

describe('viz: line chart', () => {
  it('says what is shown: title, axes with units, ticks, series', () => {
    const words = texts(lineChart(LOSSES).svg);
    for (const word of [LOSSES.title, LOSSES.subtitle, 'epoch', 'loss (nats per image)', 'training', 'validation']) {
      expect(words).to.include(word);
    }
    expect(words).to.include.members(['10', '20', '100', '150']);
    const single = lineChart({ ...LOSSES, series: LOSSES.series.slice(0, 1) });
    expect(texts(single.svg), 'a single line needs no legend').not.to.include('training');
  });

  it('has the size that was asked for, whatever the labels', () => {
    for (const [width, height] of [
      [680, 400],
      [420, 300],
      [900, 250],
    ] as const) {
      const chart = lineChart({ ...LOSSES, width, height });
      expect([chart.width, chart.height]).to.deep.equal([width, height]);
      expect(chart.svg).to.match(new RegExp(`^<svg[^>]* width="${width}" height="${height}"`));
      const png = decode(svgToPng(chart.svg));
      expect([png.width, png.height], 'twice the size by default').to.deep.equal([2 * width, 2 * height]);
    }
  });

  it('leaves out what lies beyond its ends as a whole, which would end the process', () => {
    const series = [
      { name: 'inside', x: [0, 1], y: [-150, -140] },
      { name: 'a point outside', x: [1], y: [-9000] },
      { name: 'a line outside', x: [0, 1], y: [700, 9000] },
    ];
    for (const some of [series, series.slice(1), series.slice(2)]) {
      const axes = { x: { label: 'x' }, y: { label: 'y', domain: [-240, -100] } } as const;
      for (const { svg } of [
        lineChart({ title: 't', ...axes, series: some }),
        scatterPlot({ title: 't', ...axes, series: some }),
      ]) {
        expect(svgToPng(svg)).to.have.length.greaterThan(1000);
      }
    }
  });

  it('draws each line through its points, in their order', () => {
    const series = [{ name: 'a', x: [0, 4, 2], y: [0, 1, 3] }];
    const { svg } = lineChart({ ...LOSSES, series });
    const path = /<path d="(M[^"Z]*)" stroke="#0072b2"/.exec(group(svg, 'mark-line role-mark'))?.[1];
    const [x0, y0, x1, y1, x2, y2] = path!.match(/[\d.]+/g)!.map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    expect((x2 - x0) / (x1 - x0), 'x is linear').to.be.closeTo(0.5, 1e-2);
    expect((y1 - y0) / (y2 - y0), 'y is linear').to.be.closeTo(1 / 3, 1e-2);
  });

  it('smooths with a moving mean and keeps the raw line faint behind it', () => {
    const x = Array.from({ length: 200 }, (_, i) => i);
    const y = x.map((i) => (i % 2 === 0 ? 1 : -1));
    const { svg } = lineChart({ ...LOSSES, series: [{ name: 'loss', x, y, smooth: 2 }] });
    const [raw, mean] = [...svg.matchAll(/<path d="(M[^"Z]*)" stroke="#0072b2"([^>]*)/g)].map(([, path, style]) => ({
      heights: new Set(
        path!
          .split(/[ML]/)
          .filter(Boolean)
          .map((point) => point.split(',')[1]),
      ),
      style,
    }));
    expect(raw!.heights.size).to.equal(2);
    expect(raw!.style).to.match(/opacity="0\.3"/);
    expect([...mean!.heights].length, 'zero, and the last point, which has no right neighbour').to.equal(2);
  });

  it('draws what lines are compared with quietly: grey, dashed, named beside it, not in the legend', () => {
    const references = [
      { label: 'threshold 7', x: 7 },
      { label: 'best', y: 99 },
      { label: 'chance', from: [1, 190], to: [20, 100] },
      { label: 'far away', y: -500 },
    ] as const;
    const y = { label: 'loss', domain: [90, 200] } as const;
    const { svg } = lineChart({ ...LOSSES, y, references });
    const plain = lineChart({ ...LOSSES, y }).svg;
    expect(texts(svg)).to.include.members(['threshold 7', 'best', 'chance']).and.not.to.include('far away');
    expect([...svg.matchAll(/stroke="#8a8a8a"[^>]*stroke-dasharray="4,4"/g)]).to.have.length(3);
    for (const [, color] of plain.matchAll(/stroke="(#0072b2|#d55e00)"/g)) expect(svg).to.include(color);
    expect(
      texts(svg).filter((text) => text === 'chance'),
      'only beside its line',
    ).to.have.length(1);
    expect(() => svgToPng(svg)).not.to.throw();
    const reached = lineChart({ ...LOSSES, references: [{ label: 'goal', y: 10 }] });
    expect(texts(reached.svg), 'the axis goes down to it').to.include('50');
    expect(() => lineChart({ ...LOSSES, references: [{ label: 'goal', y: NaN }] })).to.throw(
      FigureError,
      "reference 'goal': y[0] is NaN",
    );
  });

  it('says that a run is too short for a line, with its values, instead of drawing dots', () => {
    const series = [
      { name: 'training', x: [20], y: [2.5] },
      { name: 'validation', x: [20], y: [2.75] },
    ];
    const { svg, width } = lineChart({ ...LOSSES, series });
    expect(width).to.equal(680);
    expect(texts(svg)).to.include.members([
      LOSSES.title,
      LOSSES.subtitle,
      'Too short for a line: one point each so far.',
      'training, loss (nats per image): 2.500 at epoch 20',
      'validation, loss (nats per image): 2.750 at epoch 20',
    ]);
    expect(svg).not.to.include('<path');
    const longer = lineChart({ ...LOSSES, series: [...series, { name: 'other', x: [1, 2], y: [1, 2] }] });
    expect(texts(longer.svg)).not.to.include('Too short for a line: one point each so far.');
  });

  it('labels a log axis with powers of ten', () => {
    const series = [{ name: 'a', x: [1e-8, 1e-4, 1e-1], y: [1, 2, 3] }];
    expect(texts(lineChart({ ...LOSSES, x: { label: 'h', scale: 'log' }, series }).svg)).to.include.members([
      '10⁻⁸',
      '10⁻⁴',
      '10⁻¹',
    ]);
  });

  it('has whole ticks for whole numbers', () => {
    const words = texts(lineChart({ ...LOSSES, series: [{ name: 'a', x: [1, 2, 3], y: [0.1, 0.2, 0.3] }] }).svg);
    expect(words).to.include.members(['1', '2', '3']);
    expect(words).not.to.include('1.5');
  });

  it('survives names that are no identifiers and no XML', () => {
    const names = ['a.b[0]', `it's <b>&"`, 'x\u0000y', ''];
    const { svg } = lineChart({ ...LOSSES, series: names.map((name, k) => ({ name, x: [1, 2], y: [k, k + 1] })) });
    expect(texts(svg)).to.include.members(['a.b[0]', `it's <b>&"`, 'x\ufffdy']);
    expect(() => svgToPng(svg)).not.to.throw();
  });

  const one = { name: 'a', x: [1, 2], y: [1, 2] };
  const faults: [string, Partial<LineChartSpec>, FigureError['code'], RegExp][] = [
    ['no series', { series: [] }, 'bad-shape', /series is empty/],
    ['an empty series', { series: [{ ...one, x: [], y: [] }] }, 'bad-shape', /series 'a' is empty/],
    [
      'lengths that differ',
      { series: [{ ...one, y: [1] }] },
      'bad-shape',
      /'a': y must hold one entry per x \(2\), got 1/,
    ],
    ['NaN', { series: [{ ...one, y: [1, NaN] }] }, 'not-finite', /'a': y\[1\] is NaN/],
    ['infinity', { series: [{ ...one, x: [1, Infinity] }] }, 'not-finite', /'a': x\[1\] is Infinity/],
    ['a name twice', { series: [one, one] }, 'bad-option', /holds 'a' twice/],
    [
      'zero on a log axis',
      { y: { label: 'y', scale: 'log' }, series: [{ ...one, y: [0, 1] }] },
      'bad-option',
      /log scale/,
    ],
    ['an empty domain', { y: { label: 'y', domain: [1, 0] } }, 'bad-option', /y\.domain must be \[low, high\]/],
    ['half a window', { series: [{ ...one, smooth: 0.5 }] }, 'bad-option', /smooth must be an integer/],
    ['no width', { width: 0 }, 'bad-option', /width must be an integer of at least/],
  ];
  for (const [what, change, code, message] of faults) {
    it(`refuses ${what} with one clear line`, () => {
      expect(() => lineChart({ ...LOSSES, ...change }))
        .to.throw(FigureError, message)
        .with.property('code', code);
    });
  }
});

describe('viz: scatter plot', () => {
  const classes = Array.from({ length: 10 }, (_, k) => ({ name: `digit ${k}`, x: [k, k + 0.5], y: [k % 3, k % 4] }));

  it('draws one mark per point and one legend entry per class', () => {
    const { svg } = scatterPlot({ title: 'Latent space', x: { label: 'z₁' }, y: { label: 'z₂' }, series: classes });
    const words = texts(svg);
    expect(words).to.include.members(['Latent space', 'z₁', 'z₂', ...classes.map(({ name }) => name)]);
    expect(marks(svg, 'mark-symbol role-mark')).to.equal(20);
  });

  /** Published pairs of L*a*b* with their distance (Sharma, Wu & Dalal 2005, table 1). */
  const PUBLISHED: readonly [number[], number[], number][] = [
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, 2.5, 0], [50, 0, -2.5], 4.3065],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
    [[22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619], 2.0373],
    [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
  ];

  it('is judged by a distance of colours that agrees with the published one', () => {
    for (const [a, b, distance] of PUBLISHED) expect(ciede2000OfLab(a, b)).to.be.closeTo(distance, 1e-4);
  });

  for (const count of [2, 3, 4, 5, 6, 7, 8, 9, 10]) {
    it(`tells ${count} classes apart for the colour-blind, all pairs by a CIEDE2000 distance of 10`, () => {
      const axes = { title: 't', x: { label: 'x' }, y: { label: 'y' } };
      const some = classes.slice(0, count);
      const colors = [
        ...new Set(
          [
            ...group(scatterPlot({ ...axes, series: some }).svg, 'mark-symbol role-mark').matchAll(
              /fill="(#[0-9a-f]{6})"/g,
            ),
          ].map((m) => m[1]!),
        ),
      ];
      expect(colors).to.have.length(count);
      for (const color of colors) expect(lineChart({ ...axes, series: some }).svg).to.include(`stroke="${color}"`);
      for (const vision of ['normal', 'protan', 'deutan', 'tritan'] as const) {
        const seen = colors.map((color) => simulate(color, vision));
        const closest = Math.min(...seen.flatMap((a, i) => seen.slice(i + 1).map((b) => ciede2000(a, b))));
        expect(closest, vision).to.be.greaterThan(10);
      }
    });
  }
});

describe('viz: bar chart', () => {
  const spec: BarChartSpec = {
    title: 'Test log-likelihood',
    x: { categories: ['VAE', 'IWAE'] },
    y: { label: 'log p(x) (nats)' },
    series: [{ name: 'seed 1', values: [-95.4, -92], errors: [0.9, 0.8] }],
  };

  it('names the bars and writes their values, all with the same decimals and a true minus', () => {
    const { svg } = barChart(spec);
    expect(texts(svg)).to.include.members(['VAE', 'IWAE', 'log p(x) (nats)', '−95.40', '−92.00']);
  });

  it('draws lengths in proportion to the values, from zero', () => {
    const { svg } = barChart({ ...spec, series: [{ name: 'a', values: [1, 3] }] });
    const heights = [...group(svg, 'mark-rect role-mark').matchAll(/<path d="M[^"]*?v([\d.]+)h/g)].map((m) =>
      Number(m[1]),
    );
    expect(heights).to.have.length(2);
    expect(heights[1]! / heights[0]!).to.be.closeTo(3, 0.05);
  });

  it('refuses what does not fit together', () => {
    const values = (list: number[]) => ({ ...spec, series: [{ name: 'a', values: list }] });
    expect(() => barChart(values([1]))).to.throw(FigureError, /'a': values .* per category \(2\), got 1/);
    expect(() => barChart(values([1, NaN]))).to.throw(FigureError, /'a': values\[1\] is NaN/);
    expect(() => barChart({ ...spec, x: { categories: ['a', 'a'] } })).to.throw(FigureError, /'a' twice/);
  });
});

describe('viz: heat map', () => {
  const spec: HeatMapSpec = {
    title: 'Attention',
    values: [
      [1, 0, 0.5],
      [0, 1, 0.25],
    ],
    x: { label: 'source', ticks: ['the', 'cat', 'the'] },
    y: { label: 'target', ticks: ['le', 'chat'] },
    color: { label: 'attention weight' },
  };

  it('labels rows and columns, also when a token repeats, and writes the values', () => {
    const words = texts(heatMap(spec).svg);
    expect(words.filter((word) => word === 'the')).to.have.length(2);
    expect(words).to.include.members(['le', 'chat', 'cat', 'source', 'target', 'attention weight', '0.25']);
  });

  it('writes all values with the same decimals', () => {
    const values = [[0.9994, 0.0006, 0.25, 0.00001]];
    const words = texts(
      heatMap({ ...spec, values, x: { ticks: ['the', 'cat', 'the', 'end'] }, y: { ticks: ['le'] } }).svg,
    );
    expect(words).to.include.members(['0.999', '0.001', '0.000', '0.250']);
  });

  it('goes from light to dark, row 0 at the top', () => {
    const { svg } = heatMap(spec);
    const cells = [
      ...group(svg, 'mark-rect role-mark').matchAll(
        /<path d="M([\d.]+),([\d.]+)[^>]*fill="rgb\((\d+), (\d+), (\d+)\)"/g,
      ),
    ].map(([, x, y, r, g, b]) => ({ x: Number(x), y: Number(y), light: Number(r) + Number(g) + Number(b) }));
    expect(cells).to.have.length(6);
    const light = cells.sort((a, b) => a.y - b.y || a.x - b.x).map((cell) => cell.light);
    expect(light[0]).to.equal(light[4]).and.to.be.below(light[2]!);
    expect(light[2]).to.be.below(light[5]!);
    expect(light[5]).to.be.below(light[1]!);
    expect(light[1], 'zero is nearly white')
      .to.equal(light[3])
      .and.to.be.above(3 * 245);
  });

  it('mirrors two hues around zero when there are both signs', () => {
    const { svg } = heatMap({
      ...spec,
      values: [
        [-1, 0, 0.5],
        [0, 1, -0.5],
      ],
    });
    const fills = [...group(svg, 'mark-rect role-mark').matchAll(/fill="rgb\((\d+), (\d+), (\d+)\)"/g)].map((m) =>
      m.slice(1).map(Number),
    );
    const [minus, zero, , , plus] = fills as number[][];
    expect(minus![2], 'blue below zero').to.be.above(minus![0]!);
    expect(plus![0], 'orange above').to.be.above(plus![2]!);
    expect(Math.max(...zero!) - Math.min(...zero!), 'zero has no hue').to.be.below(10);
  });

  it('refuses ragged rows, missing labels and NaN', () => {
    expect(() => heatMap({ ...spec, values: [[1, 2, 3], [1]] })).to.throw(FigureError, /values\[1\] .* \(3\), got 1/);
    expect(() => heatMap({ ...spec, values: [[1, 2, 3]] })).to.throw(FigureError, /y\.ticks .* per row \(1\), got 2/);
    expect(() =>
      heatMap({
        ...spec,
        values: [
          [1, 2, 3],
          [1, NaN, 1],
        ],
      }),
    ).to.throw(FigureError, /values\[1\]\[1\] is NaN/);
    expect(() => heatMap({ ...spec, values: [] })).to.throw(FigureError, /values is empty/);
  });
});

describe('viz: charts as pixels', () => {
  it('shows the text: there is ink where the title stands and none in the margin', () => {
    const png = decode(svgToPng(lineChart(LOSSES).svg));
    expect(inkIn(png, 0, 20, png.width, 44)).to.be.greaterThan(500);
    expect(inkIn(png, 0, 0, png.width, 10)).to.equal(0);
  });

  it('is the same, bit for bit, every time', () => {
    expect(Buffer.from(svgToPng(lineChart(LOSSES).svg)).equals(svgToPng(lineChart(LOSSES).svg))).to.equal(true);
  });
});

/** The texts of an SVG, unescaped. */
function texts(svg: string): string[] {
  return [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]*)</g)].map(([, text]) =>
    text!.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
  );
}

/** The first group of that class, which has no groups inside. */
function group(svg: string, name: string): string {
  const start = svg.indexOf(`class="${name}`);
  expect(start, `a group ${name}`).to.be.greaterThan(-1);
  return svg.slice(start, svg.indexOf('</g>', start));
}

function marks(svg: string, name: string): number {
  return group(svg, name).split('<path').length - 1;
}
