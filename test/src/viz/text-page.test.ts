import { svgToPng, textPage } from '@onnx-forge/viz';
import { expect } from 'chai';
import { PNG } from 'pngjs';

/** The lines of a page from their position on: [x, y, text]. */
function lines(svg: string): [number, number, string][] {
  const found = svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)<\/text>/g);
  return Array.from(found, ([, x, y, text]) => [Number(x), Number(y), text!]);
}

describe('textPage', () => {
  it('keeps line breaks and breaks long lines at a space, or anywhere where there is none', () => {
    const columns = [{ heading: 'one', text: 'a short line\n\nabcdefghij klmno' }];
    const { svg } = textPage({ title: 'T', columns, lineLength: 12 });
    const [title, heading, ...body] = lines(svg);
    expect([title![2], heading![2]]).to.deep.equal(['T', 'one']);
    expect(body.map(([, , text]) => text)).to.deep.equal(['a short line', '', 'abcdefghij', 'klmno']);
    expect(body[1]![1] - body[0]![1]).to.equal(body[3]![1] - body[2]![1]);
    const unbroken = textPage({ title: 'T', columns: [{ heading: '', text: 'x'.repeat(30) }], lineLength: 12 });
    expect(
      lines(unbroken.svg)
        .slice(2)
        .map(([, , text]) => text.length),
    ).to.deep.equal([12, 12, 6]);
  });

  it('puts columns side by side and escapes what is no text in XML', () => {
    const columns = ['<a & b>', '\u0001'].map((text) => ({ heading: 'h', text }));
    const { svg } = textPage({ title: 'T', subtitle: 's', columns, columnWidth: 200 });
    const body = lines(svg).filter(([, , text]) => !['T', 's', 'h'].includes(text));
    expect(body.map(([, , text]) => text)).to.deep.equal(['&lt;a &amp; b&gt;', '\ufffd']);
    expect(body[1]![0] - body[0]![0]).to.equal(200);
    const { width, height } = PNG.sync.read(Buffer.from(svgToPng(svg)));
    expect(width).to.equal(2 * (2 * 14 + 2 * 200));
    expect(height).to.be.greaterThan(100);
  });
});
