import type { Random } from '@onnx-forge/infer';
import type { Point, Stroke } from './curve.js';

/** One way to write a digit, and how often people do, relative to the digit's other ways. */
type Style = readonly [weight: number, path: string];

/**
 * The ways to write each digit. A path lists points `x,y` in percent of a unit square (y down), passed smoothly; `|` is
 * a corner at the point before it, `;` lifts the pen, `a~b` is drawn uniformly. Deformation comes on top (`hand.ts`):
 * here is only what differs in kind.
 */
const STYLES: readonly (readonly Style[])[] = [
  // 0: closed at the top, overlapping to the right, with the end turned inwards
  [
    [4, '50~62,2~6 30,8 10,30 2,52 10,80 36,98 66,94 90,72 97,46 86,18 64,3 40~55,2~8'],
    [2, '70,8 42,2 14,22 3,52 16,86 48,99 82,84 97,50 88,20 68,4 42~52,8~16'],
    [2, '60~78,12~24 50,2 20,16 4,48 14,84 44,99 78,88 96,56 90,24 70,6 48,3'],
  ],
  // 1: a stick, with a flag, with flag and foot
  [
    [6, '50,0 47~53,50 50,100'],
    [2, '20~42,15~28 52,0 | 52,50 51,100'],
    [1, '26,16~26 52,0 | 50,50 51,98 ; 14~30,100 50,98 72~88,98'],
  ],
  // 2: with an angle, with a loop at the lower left, with a round belly and a flat foot
  [
    [3, '10,18~32 30,5 62,2 86,22 76,50 42,80 8,98 | 50,94 85~105,90~100'],
    [3, '14,15~28 36,3 70,5 85,26 70,58 38,86 14,95 5,85 18,70~78 42,83 68,97 92~110,82~95'],
    [1, '8,12 45,2 85,15 80,45 45,68 12,95 | 50,97 95,95'],
  ],
  // 3: two bows, flat top, a little loop between the bows
  [
    [4, '12,14 42,2 76,9 80,28 62,42 28~50,47 | 70,52 90,70 80,90 45,99 8,80~95'],
    [1, '12,6 50,4 85,4 | 42,40 | 76,47 92,70 76,93 40,99 6,80~94'],
    [2, '14,16 40,3 74,8 80,26 58,43 36,50 38,44 64,46 88,66 82,90 48,100 10,84~95'],
  ],
  // 4: open with an angle, open and round, closed
  [
    [2, '12~28,4 14,30 8,48~60 | 50,53 88~105,48 ; 72~88,0~15 72~80,50 70,100'],
    [3, '12~25,5 8,32 18,50 45,52 76~84,36~46 ; 84~90,2 80~84,40 76,70 70~76,100'],
    [2, '10~20,4 9,38 26,50 60,46 82,30 | 88,2~12 | 84,40 78,70 74,100'],
    [1, '72,100 72,50 74,2 | 42,30 6,55~68 | 50,60 98,56'],
  ],
  // 5: angular, in one curve, with a separate top bar
  [
    [3, '80~102,0~6 55,5 28,7 | 24,25 20,36~46 | 48,38 80,55 85,76 62,95 30,99 5,84~95'],
    [2, '85~105,3 60,5 34,10 22,28 36,42 66,52 80,72 62,94 30,99 6,80~95'],
    [2, '24,6 22,25 20,44 | 50,38 82,52 86,76 60,96 28,98 8,86 ; 26,6 60,5 88~110,-4~6'],
  ],
  // 6: curved stem, upright stem with a small eye, wide eye that closes on the stem
  [
    [3, '62~85,2 40,18 17,48 10,76 30,97 64,95 84,77 70,56 42,58 14~24,76'],
    [2, '30~55,0 20,30 12,62 16,88 42,100 72,92 78,74 58,60 32,70 16,86'],
    [2, '60~75,0 34,24 14,54 8,80 28,98 62,96 86,76 78,56 52,50 26,62 10~18,80'],
  ],
  // 7: angle, with a serif, with a bar, swung
  [
    [4, '2~16,10 50,6 90,4 | 68,42 30~55,100'],
    [1, '10,16~30 12,6 | 50,6 90,3 | 62,50 45,100'],
    [1, '6,8 50,5 88,4 | 66,45 42,100 ; 24~40,44~56 82~98,46~52'],
    [3, '4,10~24 20,6 50,10 82,6 86,20 68,50 56,78 46~60,100'],
  ],
  // 8: one crossing stroke from the upper right, its ends apart or together; two ovals
  [
    [3, '72~88,8~20 50,2 22,14 28,32 52,46 78,64 80,84 50,99 22,86 26,64 50,46 74,28 72~86,10'],
    [2, '64~76,4~10 36,4 20,20 34,38 60,50 80,68 76,90 46,100 18,86 24,64 52,46 78,26 84~96,6~14'],
    [1, '52,47 26,36 24,14 50,1 76,14 74,36 50,47 ; 50,47 80,60 84,84 50,99 16,84 20,60 48,47'],
  ],
  // 9: eye with a straight stem, with a curved tail, narrow and in one swing
  [
    [3, '84,20 62,3 28,9 12,30 28,46 60,40 84,14~24 | 80,50 62~80,100'],
    [2, '82,22 60,4 27,10 14,30 32,46 64,38 82,20 84,50 74,82 48,98 12~30,84~96'],
    [2, '80,20 56,2 28,14 20,36 42,48 68,38 80,20 78,44 70,72 50~68,100'],
  ],
];

type Range = readonly [low: number, high: number];

/** A parsed path, its ranges still open: strokes of pieces of points [x, y], in the unit square. */
type Path = readonly (readonly (readonly (readonly [x: Range, y: Range])[])[])[];

const PATHS: readonly (readonly (readonly [weight: number, path: Path])[])[] = STYLES.map((styles) =>
  styles.map(([weight, text]) => [weight, parse(text)]),
);

/** Number of classes. */
export const DIGITS: number = STYLES.length;

/** Strokes of one way to write `digit`, chosen at random, roughly within the unit square. */
export function glyph(digit: number, random: Random): readonly Stroke[] {
  const draw = ([low, high]: Range): number => (low === high ? low : low + (high - low) * random.uniform());
  return choose(PATHS[digit]!, random).map((stroke) => {
    let corner: Point | undefined;
    return stroke.map((piece) => {
      const points = piece.map(([x, y]): Point => [draw(x), draw(y)]);
      const joined = corner ? [corner, ...points] : points;
      corner = points.at(-1)!;
      return joined;
    });
  });
}

function choose<T>(options: readonly (readonly [weight: number, value: T])[], random: Random): T {
  let ticket = random.uniform() * options.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of options) {
    ticket -= weight;
    if (ticket < 0) return value;
  }
  return options[0]![1];
}

function parse(text: string): Path {
  return text.split(';').map((stroke) => stroke.split('|').map((piece) => piece.trim().split(/\s+/).map(parsePoint)));
}

function parsePoint(text: string): readonly [Range, Range] {
  const [x = '', y = ''] = text.split(',');
  return [parseRange(x), parseRange(y)];
}

function parseRange(text: string): Range {
  const [low = 0, high = low] = text.split('~').map((percent) => Number(percent) / 100);
  return [low, high];
}
