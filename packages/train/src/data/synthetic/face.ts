import type { Random } from '@onnx-forge/infer';

/** Images are so many pixels high and wide: those of AT&T's faces. */
export const FACE_HEIGHT = 112;
export const FACE_WIDTH = 92;

/** Features of one person's face. Lengths are in pixels of a face that looks straight ahead, tones from 0 black to 1 white. */
export interface Identity {
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** Exponent of the outline's lower half: 2 is an ellipse, more is a square jaw. */
  readonly jaw: number;
  readonly skin: number;
  readonly hair: number;
  /** Of the hairline above the eyes. */
  readonly hairline: number;
  /** How far the hair falls beside the face, below the eyes; negative: not so far. */
  readonly locks: number;
  readonly eyeDistance: number;
  readonly eyeSize: number;
  readonly browThickness: number;
  readonly browSlope: number;
  readonly noseLength: number;
  readonly noseWidth: number;
  readonly mouthWidth: number;
  readonly mouthHeight: number;
  readonly lips: number;
  readonly glasses: boolean;
  /** How dark the beard is, 0 for none. */
  readonly beard: number;
  readonly moustache: boolean;
}

export function drawIdentity(random: Random): Identity {
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  return {
    halfWidth: between(24, 33),
    halfHeight: between(36, 46),
    jaw: between(1.8, 3.2),
    skin: between(0.45, 0.85),
    hair: between(0.05, 0.6),
    hairline: between(14, 28),
    locks: between(-12, 40),
    eyeDistance: between(10, 16),
    eyeSize: between(2.5, 4.5),
    browThickness: between(0.8, 2.4),
    browSlope: between(-0.25, 0.25),
    noseLength: between(12, 22),
    noseWidth: between(4, 9),
    mouthWidth: between(8, 16),
    mouthHeight: between(27, 34),
    lips: between(1.2, 3.2),
    glasses: random.uniform() < 0.25,
    beard: random.uniform() < 0.25 ? between(0.15, 0.4) : 0,
    moustache: random.uniform() < 0.25,
  };
}

/** How dark or light a place is, and how much of the pixel it covers. */
type Layer = (u: number, v: number) => readonly [cover: number, tone: number];

/**
 * Draws a face anew: where the head is and how it is turned, tilted and lit, the expression, and a camera's noise are
 * drawn at random; what is the person's stays.
 *
 * @param out [112, 92] bytes, overwritten
 */
export function drawFace(identity: Identity, random: Random, out: Uint8Array): void {
  const spread = (width: number) => width * (2 * random.uniform() - 1);
  const [dx, dy, tilt, scale] = [spread(4), spread(4), spread(0.14), 1 + spread(0.07)];
  const layers = layersOf(identity, { turn: spread(5), smile: spread(1), open: random.uniform(), raise: spread(1.5) });
  const [lightX, lightY, brightness, contrast] = [spread(0.005), spread(0.003), spread(0.08), 1 + spread(0.2)];
  const background = 0.25 + 0.4 * random.uniform();
  const noise = random.fillNormal(new Float32Array(FACE_HEIGHT * FACE_WIDTH));
  const [sin, cos] = [Math.sin(tilt) / scale, Math.cos(tilt) / scale];
  for (let row = 0; row < FACE_HEIGHT; row++) {
    for (let column = 0; column < FACE_WIDTH; column++) {
      const [x, y] = [column - FACE_WIDTH / 2 + 0.5 - dx, row - FACE_HEIGHT / 2 - 3.5 - dy];
      const [u, v] = [cos * x + sin * y, cos * y - sin * x];
      let tone = background;
      for (const layer of layers) {
        const [cover, of] = layer(u, v);
        tone += cover * (of - tone);
      }
      const lit = 0.5 + contrast * (tone - 0.5) + brightness + lightX * x + lightY * y;
      const at = row * FACE_WIDTH + column;
      out[at] = Math.min(255, Math.max(0, Math.round(255 * (lit + 0.02 * noise[at]!))));
    }
  }
}

interface Pose {
  /** Pixels that the middle of the face is beside that of the head. */
  readonly turn: number;
  /** How far the corners of the mouth are up, -1 to 1. */
  readonly smile: number;
  readonly open: number;
  readonly raise: number;
}

/** From back to front; the origin lies between the eyes, v points down. */
function layersOf(id: Identity, { turn, smile, open, raise }: Pose): readonly Layer[] {
  const chin = id.halfHeight - 12;
  const outline = (u: number, v: number, grow: number): number => {
    const [a, b] = [Math.abs(u) / (id.halfWidth + grow), Math.abs(v - chin / 4) / (id.halfHeight + grow)];
    const power = v > chin / 4 ? id.jaw : 2;
    return 1 - (a ** power + b ** power) ** (1 / power);
  };
  const layers: Layer[] = [
    // Shoulders, neck, hair behind the face, ears, face.
    (u, v) => [soft(8 - Math.abs(u) / 6 + (v - 50)), 0.2],
    (u, v) => [soft(13 - Math.abs(u)) * soft(v - 20) * soft(75 - v), 0.85 * id.skin],
    (u, v) => [soft(40 * outline(u, v, 5)) * soft(id.locks - v), id.hair],
    (u, v) => [soft(6 - Math.hypot(Math.abs(u) - id.halfWidth, (v - 5) / 1.6)), 0.9 * id.skin],
    (u, v) => [soft(40 * outline(u, v, 0)), id.skin],
    (u, v) => [id.beard * soft(40 * outline(u, v, 0)) * soft((v - id.mouthHeight + 4) / 3), id.hair],
    (u, v) => [soft(40 * outline(u, v, 2)) * soft(-v - id.hairline + 0.006 * u * u), id.hair],
  ];
  const far = 1 - Math.abs(turn) / 60;
  for (const side of [-1, 1]) {
    const eye = (u: number) => (u - turn) / far - side * id.eyeDistance;
    const slant = side * id.browSlope;
    layers.push(
      (u, v) => [soft(id.eyeSize - Math.hypot(eye(u) / 1.6, v * 1.3)), Math.min(1, id.skin + 0.2)],
      (u, v) => [soft(id.eyeSize * 0.6 - Math.hypot(eye(u), v)), 0.1],
      (u, v) => {
        const height = v + 8 + raise - slant * eye(u) + 0.02 * eye(u) ** 2;
        return [soft(id.browThickness - Math.abs(height)) * soft(7 - Math.abs(eye(u))), id.hair * 0.8];
      },
    );
    if (id.glasses) layers.push((u, v) => [soft(1.2 - Math.abs(Math.hypot(eye(u), v) - 8.5)), 0.08]);
  }
  const middle = (u: number) => u - 1.3 * turn;
  const mouth = (u: number, v: number) => v - id.mouthHeight + (smile * middle(u) ** 2) / 60;
  layers.push(
    (u, v) => [0.5 * soft(1.2 - Math.abs(middle(u) - 2)) * soft(id.noseLength - v) * soft(v - 2), 0.7 * id.skin],
    (u, v) => [soft(2 - Math.abs(v - id.noseLength)) * soft(id.noseWidth - Math.abs(middle(u))), 0.6 * id.skin],
    (u, v) => [
      soft(id.lips + 2 * open - Math.abs(mouth(u, v))) * soft(id.mouthWidth - Math.abs(middle(u))),
      0.55 * id.skin,
    ],
    (u, v) => [soft(0.4 + 2 * open - Math.abs(mouth(u, v))) * soft(id.mouthWidth - 2 - Math.abs(middle(u))), 0.15],
  );
  if (id.moustache) {
    layers.push((u, v) => [soft(2 - Math.abs(mouth(u, v) + 5)) * soft(id.mouthWidth - Math.abs(middle(u))), id.hair]);
  }
  return layers;
}

/** A pixel's part inside an edge that lies `distance` pixels away, inwards positive. */
function soft(distance: number): number {
  return Math.min(1, Math.max(0, distance + 0.5));
}
