import { FigureError, svgToPng } from '@onnx-forge/viz';
import { expect } from 'chai';
import { at, decode, inkIn } from './pixels.js';

const svg = (body: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40"><rect width="120" height="40" fill="white"/>${body}</svg>`;
const text = (family: string, content = 'μ = −1.5') =>
  svg(`<text x="8" y="26" font-size="20" font-family="${family}">${content}</text>`);

describe('viz: svgToPng', () => {
  it('draws at twice the size by default, or at the width asked for', () => {
    const size = (png: Uint8Array) => [decode(png).width, decode(png).height];
    expect(size(svgToPng(svg('')))).to.deep.equal([240, 80]);
    expect(size(svgToPng(svg(''), { width: 300 }))).to.deep.equal([300, 100]);
  });

  it('draws shapes where they are', () => {
    const png = decode(svgToPng(svg('<rect x="10" y="10" width="20" height="20" fill="#0072b2"/>'), { width: 120 }));
    expect(at(png, 20, 20)).to.deep.equal([0, 0x72, 0xb2]);
    expect(at(png, 40, 20)).to.deep.equal([255, 255, 255]);
  });

  it('draws text in the shipped fonts only, so that a machine without fonts gives the same figure', () => {
    const shipped = svgToPng(text('Inter'));
    expect(inkIn(decode(shipped), 0, 0, 240, 80)).to.be.greaterThan(100);
    // Were system fonts used, one of these would look different on a machine that has it.
    for (const family of ['Liberation Sans', 'Arial', 'Helvetica', 'sans-serif', 'No Such Font']) {
      expect(Buffer.from(svgToPng(text(family))).equals(shipped), family).to.equal(true);
    }
  });

  it('has the letters and signs that figures need', () => {
    const missing = decode(svgToPng(text('Inter', '\ue123'))).data;
    for (const sign of 'αβγδεζηθκλμνπρστφχψωΔΣΦΨΩ−±×·≤≥≈≠≪→←∇∂∞√∈∝∼‖⟨⟩ℝ₀₁₂₉⁰¹²⁻½éüßñçøÅŁŽЖщ…–—“”▁') {
      expect(Buffer.from(decode(svgToPng(text('Inter', sign))).data).equals(missing), sign).to.equal(false);
    }
  });

  it('refuses what is no SVG, and sizes that are none', () => {
    expect(() => svgToPng('no svg'))
      .to.throw(FigureError, /not an SVG document/)
      .with.property('code', 'bad-svg');
    for (const width of [0, -1, 1.5, NaN]) {
      expect(() => svgToPng(svg(''), { width })).to.throw(FigureError, /width must be an integer/);
    }
  });

  it('refuses more than 2^26 pixels before it draws', () => {
    const huge = '<svg xmlns="http://www.w3.org/2000/svg" width="100000" height="100000"/>';
    for (const draw of [() => svgToPng(svg(''), { width: 100_000 }), () => svgToPng(huge)]) {
      expect(draw).to.throw(FigureError, /pixels is larger than the limit of 67108864 pixels/);
    }
  });
});
