import type { Random } from '@onnx-forge/infer';
import { type Point, type Stroke, smooth } from './curve.js';
import type { InkLine } from './pen.js';

/** Images are SIZE x SIZE pixels, as MNIST's. */
export const SIZE = 28;

/** MNIST scales every digit to fit a box of 20 pixels. */
const BOX = 20;

/** Features of a handwriting, drawn anew for every image. */
interface Manner {
  readonly width: number;
  /** Above 1, upper parts are large and lower parts small; below 1 the other way round. */
  readonly balance: number;
  readonly slant: number;
  readonly turn: number;
  readonly unrest: number;
  readonly box: number;
  readonly penRadius: number;
  readonly pressure: number;
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

function manner(random: Random): Manner {
  return {
    width: clamp(0.78 * Math.exp(0.2 * random.normal()), 0.45, 1.2),
    balance: Math.exp(clamp(0.15 * random.normal(), -0.35, 0.35)),
    slant: clamp(0.2 + 0.25 * random.normal(), -0.4, 0.85),
    turn: clamp(0.07 * random.normal(), -0.2, 0.2),
    unrest: clamp(0.025 * Math.exp(0.4 * random.normal()), 0.005, 0.06),
    box: clamp(BOX - 1 + 0.8 * random.normal(), BOX - 3.5, BOX + 0.5),
    penRadius: clamp(1.2 + 0.35 * random.normal(), 0.65, 2.2),
    pressure: clamp(0.12 + 0.06 * random.normal(), 0, 0.3),
  };
}

/** Writes a glyph as a person would: deformed, slanted, with uneven pressure, then boxed and centred as MNIST's are. */
export function write(strokes: readonly Stroke[], random: Random): readonly InkLine[] {
  const hand = manner(random);
  const bend = warp(random);
  const lines = shake(strokes, hand.unrest, random).map((stroke) => trace(stroke).map(bend).map(shape(hand)));
  const placed = place(lines, hand, random);
  return placed.map((points) => ({ points, radii: pressures(points.length, hand, random) }));
}

/** Moves every control point a little; a corner stays one corner. */
function shake(strokes: readonly Stroke[], unrest: number, random: Random): readonly Stroke[] {
  return strokes.map((pieces) => {
    let corner: Point | undefined;
    return pieces.map((points) => {
      const moved = points.map(([x, y]): Point => [x + unrest * random.normal(), y + unrest * random.normal()]);
      if (corner) moved[0] = corner;
      corner = moved.at(-1)!;
      return moved;
    });
  });
}

function trace(stroke: Stroke): Point[] {
  return stroke.flatMap((piece) => smooth(piece));
}

/** A slow wave across the glyph, which bends its parts together instead of one by one. */
function warp(random: Random): (point: Point) => Point {
  const wave = (): ((u: number) => number) => {
    const strength = 0.045 * random.normal();
    const frequency = 2 + 3 * random.uniform();
    const phase = 2 * Math.PI * random.uniform();
    return (u) => strength * Math.sin(frequency * u + phase);
  };
  const [xByY, xByX, yByX, yByY] = [wave(), wave(), wave(), wave()];
  return ([x, y]) => [x + xByY(y) + xByX(x), y + yByX(x) + yByY(y)];
}

function shape({ width, balance, slant, turn }: Manner): (point: Point) => Point {
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  return ([x, y]) => {
    const v = (y > 0 && y < 1 ? y ** (1 / balance) : y) - 0.5;
    const u = width * (x - 0.5) - slant * v;
    return [cos * u - sin * v, sin * u + cos * v];
  };
}

/** Scales the ink to the hand's box and puts its centre of mass near the centre of the image. */
function place(lines: readonly Point[][], { box, penRadius }: Manner, random: Random): Point[][] {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of lines.flat()) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const scale = (box - 2 * penRadius) / Math.max(right - left, bottom - top);
  const [massX, massY] = centreOfMass(lines);
  const centreX = SIZE / 2 + 0.4 * random.normal();
  const centreY = SIZE / 2 + 0.4 * random.normal();
  return lines.map((line) => line.map(([x, y]) => [centreX + scale * (x - massX), centreY + scale * (y - massY)]));
}

/** Of lines of even weight. */
function centreOfMass(lines: readonly Point[][]): Point {
  let [mass, x, y] = [0, 0, 0];
  for (const line of lines) {
    for (let i = 0; i + 1 < line.length; i++) {
      const [ax, ay] = line[i]!;
      const [bx, by] = line[i + 1]!;
      const length = Math.hypot(bx - ax, by - ay);
      mass += length;
      x += (length * (ax + bx)) / 2;
      y += (length * (ay + by)) / 2;
    }
  }
  return [x / mass, y / mass];
}

/** The pen's radius along a line, in pixels: swells and thins slowly. */
function pressures(count: number, { penRadius, pressure }: Manner, random: Random): number[] {
  const phase = 2 * Math.PI * random.uniform();
  const frequency = (2 + 4 * random.uniform()) / count;
  return Array.from({ length: count }, (_, i) => penRadius * (1 + pressure * Math.sin(frequency * i + phase)));
}
