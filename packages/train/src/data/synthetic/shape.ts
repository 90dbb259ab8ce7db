import type { Random } from '@onnx-forge/infer';

/** Images are so many pixels high and wide. */
export const SHAPE_IMAGE_SIZE = 32;
const SIZE = SHAPE_IMAGE_SIZE;
/** Each pixel is the mean of so many times so many points. */
const POINTS = 2;

type Colour = readonly [red: number, green: number, blue: number];

/** Whether a point of the square [-1, 1] x [-1, 1] is covered. */
type Covers = (x: number, y: number) => boolean;

/** Math.hypot takes several times as long. */
const radius = (x: number, y: number): number => Math.sqrt(x * x + y * y);

/** The shapes by name; each about as large as the others. */
export const SHAPES: Readonly<Record<string, Covers>> = {
  disc: (x, y) => radius(x, y) < 0.8,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.7,
  triangle: polygon(3, 1, 1),
  star: polygon(5, 1, 0.42),
  plus: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.27 && Math.max(Math.abs(x), Math.abs(y)) < 0.95,
  ring: (x, y) => radius(x, y) < 0.9 && radius(x, y) > 0.5,
  crescent: (x, y) => radius(x, y) < 0.9 && radius(x - 0.42, y) > 0.66,
  bars: (x, y) => Math.abs(x) < 0.8 && Math.abs(y) < 0.85 && Math.floor((y + 0.85) / 0.34) % 2 === 0,
};

const COVERS = Object.values(SHAPES);

/**
 * Paints a shape of any size, place, direction and colour on a background of another colour that has a gradient, stripes or
 * blots, and adds noise: only the form tells the class.
 *
 * @param out [32, 32, 3] bytes, overwritten
 */
export function drawShape(shape: number, random: Random, out: Uint8Array): void {
  const covers = COVERS[shape]!;
  const ground = background(random);
  const paint = colour(random, ground(SIZE / 2, SIZE / 2));
  const reach = SIZE * (0.26 + 0.14 * random.uniform());
  const [centreX, centreY] = [place(random, reach), place(random, reach)];
  const angle = 2 * Math.PI * random.uniform();
  const [cos, sin] = [Math.cos(angle) / reach, Math.sin(angle) / reach];
  const grain = 2 + 6 * random.uniform();
  const noise = random.fillNormal(new Float32Array(out.length));
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      let covered = 0;
      for (let point = 0; point < POINTS * POINTS; point++) {
        const x = column + ((point % POINTS) + 0.5) / POINTS - centreX;
        const y = row + (Math.floor(point / POINTS) + 0.5) / POINTS - centreY;
        if (covers(cos * x + sin * y, cos * y - sin * x)) covered++;
      }
      const fraction = covered / (POINTS * POINTS);
      const behind = ground(column, row);
      const at = 3 * (row * SIZE + column);
      for (let channel = 0; channel < 3; channel++) {
        const value = behind[channel]! + fraction * (paint[channel]! - behind[channel]!) + grain * noise[at + channel]!;
        out[at + channel] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
}

/** A regular star polygon with so many tips, by the angle between tips and the notches' distance from the middle. */
function polygon(tips: number, tip: number, notch: number): Covers {
  const half = Math.PI / tips;
  // A notch of the tip's own size would be a corner; a polygon without notches has the middle of its edge there.
  const inner = notch === tip ? tip * Math.cos(half) : notch;
  return (x, y) => {
    const turned = Math.abs((((Math.atan2(y, x) % (2 * half)) + 3 * half) % (2 * half)) - half);
    const [u, v] = [radius(x, y) * Math.cos(turned), radius(x, y) * Math.sin(turned)];
    // The side from the tip (tip, 0) to the notch at angle `half`; the middle lies on its positive side.
    const [toX, toY] = [inner * Math.cos(half) - tip, inner * Math.sin(half)];
    return toX * v - toY * (u - tip) > 0;
  };
}

/** Far enough from the edge for nearly all of the shape to be seen. */
function place(random: Random, reach: number): number {
  const margin = 0.85 * reach;
  return margin + (SIZE - 2 * margin) * random.uniform();
}

/** A colour that stands apart from another. */
function colour(random: Random, from: Colour): Colour {
  for (;;) {
    const drawn: Colour = [255 * random.uniform(), 255 * random.uniform(), 255 * random.uniform()];
    if (Math.hypot(drawn[0] - from[0], drawn[1] - from[1], drawn[2] - from[2]) > 110) return drawn;
  }
}

/** Two near colours, mixed along a gradient, in stripes or in soft blots. */
function background(random: Random): (x: number, y: number) => Colour {
  const first: Colour = [255 * random.uniform(), 255 * random.uniform(), 255 * random.uniform()];
  const second = first.map((level) => level + 30 * random.normal());
  const angle = 2 * Math.PI * random.uniform();
  const [across, down] = [Math.cos(angle), Math.sin(angle)];
  const kind = random.integer(3);
  const frequency = (2 * Math.PI) / (5 + 12 * random.uniform());
  const phase = 2 * Math.PI * random.uniform();
  const share = (x: number, y: number): number => {
    const along = across * x + down * y;
    if (kind === 0) return 0.5 + along / (2 * SIZE);
    if (kind === 1) return 0.5 + 0.5 * Math.sin(frequency * along + phase);
    const aside = across * y - down * x;
    return 0.5 + 0.25 * (Math.sin(frequency * along + phase) + Math.sin(0.7 * frequency * aside));
  };
  return (x, y) => {
    const fraction = share(x, y);
    const mixed = (channel: 0 | 1 | 2) => first[channel] + fraction * (second[channel]! - first[channel]);
    return [mixed(0), mixed(1), mixed(2)];
  };
}
