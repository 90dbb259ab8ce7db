import type { Random } from '@onnx-forge/infer';
import { DIGITS, glyph } from './glyphs.js';
import { SIZE as DIGIT_SIZE, write } from './hand.js';
import { drawLines, type InkLine } from './pen.js';

/** Images are so many pixels high and wide. */
export const HOUSE_NUMBER_SIZE = 32;
const SIZE = HOUSE_NUMBER_SIZE;
const CHANNELS = 3;

type Colour = readonly [red: number, green: number, blue: number];

/**
 * Paints a digit in the middle of a wall, often with parts of its neighbours beside it: two colours that stand apart,
 * light from one side, boards or plates behind, a camera's blur and noise.
 *
 * @param out [32, 32, 3] bytes, overwritten
 */
export function drawHouseNumber(digit: number, random: Random, out: Uint8Array): void {
  const [wall, paint] = colours(random);
  const sharp = inkOf(digit, random);
  const ink = random.uniform() < 0.6 ? blurred(sharp) : sharp;
  const light = shading(random);
  const clutter = boards(random);
  const grain = 2 + 5 * random.uniform();
  const noise = random.fillNormal(new Float32Array(out.length));
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      const at = row * SIZE + column;
      const covered = ink[at]!;
      const brightness = light(row, column) + (1 - covered) * clutter(row, column);
      for (let channel = 0; channel < CHANNELS; channel++) {
        const colour = wall[channel]! + covered * (paint[channel]! - wall[channel]!);
        const to = at * CHANNELS + channel;
        out[to] = toByte(colour + brightness + grain * noise[to]!);
      }
    }
  }
}

/** How much of each pixel is painted, 0 to 1: the digit, and its neighbours where there are any. */
function inkOf(digit: number, random: Random): Float32Array {
  const mask = new Uint8Array(SIZE * SIZE);
  const margin = (SIZE - DIGIT_SIZE) / 2;
  const place = (number: number, dx: number, dy: number): void => {
    const lines = write(glyph(number, random), random).map(
      ({ points, radii }): InkLine => ({
        points: points.map(([x, y]) => [x + margin + dx, y + margin + dy]),
        radii: radii.map((radius) => 1.3 * radius),
      }),
    );
    drawLines(lines, SIZE, mask);
  };
  const slope = 1.5 * random.normal();
  place(digit, random.normal(), random.normal());
  for (const side of [-1, 1]) {
    if (random.uniform() < 0.5) place(random.integer(DIGITS), side * (19 + 1.5 * random.normal()), side * slope);
  }
  return Float32Array.from(mask, (level) => level / 255);
}

/** Two colours whose brightness differs by a quarter of the range or more; walls are mostly grey. */
function colours(random: Random): readonly [wall: Colour, paint: Colour] {
  const tint = (level: number, strength: number): Colour => {
    const channel = () => level + strength * random.normal();
    return [channel(), channel(), channel()];
  };
  const difference = 65 + 90 * random.uniform();
  const darker = 30 + (195 - difference) * random.uniform();
  const lighter = darker + difference;
  return random.uniform() < 0.5 ? [tint(darker, 14), tint(lighter, 22)] : [tint(lighter, 14), tint(darker, 22)];
}

/** Light that falls off to one side. */
function shading(random: Random): (row: number, column: number) => number {
  const direction = 2 * Math.PI * random.uniform();
  const strength = 25 * random.uniform();
  const [across, down] = [(strength * Math.cos(direction)) / SIZE, (strength * Math.sin(direction)) / SIZE];
  return (row, column) => across * (column - SIZE / 2) + down * (row - SIZE / 2);
}

/** Background of the digit: plain, boards, or the edge of a plate. */
function boards(random: Random): (row: number, column: number) => number {
  const kind = random.uniform();
  const contrast = 30 * random.normal();
  if (kind < 0.4) return () => 0;
  if (kind < 0.7) {
    const spacing = 6 + 8 * random.uniform();
    const phase = spacing * random.uniform();
    const upright = random.uniform() < 0.3;
    return (row, column) => (((upright ? column : row) + phase) % spacing < 1.5 ? contrast : 0);
  }
  const edge = 1 + 5 * random.uniform();
  return (row, column) => {
    const inside = Math.min(row, column, SIZE - 1 - row, SIZE - 1 - column);
    return inside < edge ? contrast : 0;
  };
}

/** The 3 x 3 mean; beyond the border, the image goes on as at the border. */
function blurred(ink: Float32Array): Float32Array {
  const down = new Float32Array(SIZE * SIZE);
  const out = new Float32Array(SIZE * SIZE);
  for (let row = 0; row < SIZE; row++) {
    const [above, below] = [Math.max(0, row - 1) * SIZE, Math.min(SIZE - 1, row + 1) * SIZE];
    for (let column = 0; column < SIZE; column++) {
      down[row * SIZE + column] = ink[above + column]! + ink[row * SIZE + column]! + ink[below + column]!;
    }
  }
  for (let column = 0; column < SIZE; column++) {
    const [left, right] = [Math.max(0, column - 1), Math.min(SIZE - 1, column + 1)];
    for (let at = 0; at < SIZE * SIZE; at += SIZE) {
      out[at + column] = (down[at + left]! + down[at + column]! + down[at + right]!) / 9;
    }
  }
  return out;
}

function toByte(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}
