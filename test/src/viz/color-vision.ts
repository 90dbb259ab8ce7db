/**
 * Colours as people with a colour-vision deficiency see them.
 * Machado, Oliveira & Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009),
 * severity 1.0, on linear RGB.
 */
const VISION = {
  normal: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritan: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
} as const;

export type Vision = keyof typeof VISION;

/** Linear RGB, 0 .. 1. */
export type LinearRgb = readonly number[];

export function simulate(hex: string, vision: Vision): LinearRgb {
  const linear = [1, 3, 5].map((i) => {
    const value = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return multiply(VISION[vision], linear).map((value) => Math.min(1, Math.max(0, value)));
}

/**
 * Distance by CIEDE2000 (Sharma, Wu & Dalal 2005, equations 2 to 22): about 1 is just noticeable side by side.
 */
export function ciede2000(a: LinearRgb, b: LinearRgb): number {
  return ciede2000OfLab(lab(a), lab(b));
}

/** {@link ciede2000} of L*, a*, b*. */
export function ciede2000OfLab([l1, a1, b1]: readonly number[], [l2, a2, b2]: readonly number[]): number {
  const degrees = (radians: number) => (radians * 180) / Math.PI;
  const cosine = (angle: number) => Math.cos((angle * Math.PI) / 180);
  const c = (Math.hypot(a1!, b1!) + Math.hypot(a2!, b2!)) / 2;
  const g = 0.5 * (1 - Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7)));
  const [x1, x2] = [a1! * (1 + g), a2! * (1 + g)];
  const [c1, c2] = [Math.hypot(x1, b1!), Math.hypot(x2, b2!)];
  const hue = (x: number, y: number) => (x === 0 && y === 0 ? 0 : (degrees(Math.atan2(y, x)) + 360) % 360);
  const [h1, h2] = [hue(x1, b1!), hue(x2, b2!)];
  const grey = c1 * c2 === 0;
  const turn = h2 - h1 > 180 ? h2 - h1 - 360 : h2 - h1 < -180 ? h2 - h1 + 360 : h2 - h1;
  const dh = grey ? 0 : 2 * Math.sqrt(c1 * c2) * Math.sin((turn * Math.PI) / 360);
  const sum = h1 + h2;
  const h = grey ? sum : Math.abs(h1 - h2) <= 180 ? sum / 2 : sum < 360 ? (sum + 360) / 2 : (sum - 360) / 2;
  const [l, chroma] = [(l1! + l2!) / 2, (c1 + c2) / 2];
  const t = 1 - 0.17 * cosine(h - 30) + 0.24 * cosine(2 * h) + 0.32 * cosine(3 * h + 6) - 0.2 * cosine(4 * h - 63);
  const rc = 2 * Math.sqrt(chroma ** 7 / (chroma ** 7 + 25 ** 7));
  const sl = 1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2);
  const [sc, sh] = [1 + 0.045 * chroma, 1 + 0.015 * chroma * t];
  const rt = -Math.sin((60 * Math.exp(-(((h - 275) / 25) ** 2)) * Math.PI) / 180) * rc;
  const [dl, dc, dH] = [(l2! - l1!) / sl, (c2 - c1) / sc, dh / sh];
  return Math.sqrt(dl ** 2 + dc ** 2 + dH ** 2 + rt * dc * dH);
}

const TO_XYZ = [0.4124564, 0.3575761, 0.1804375, 0.2126729, 0.7151522, 0.072175, 0.0193339, 0.119192, 0.9503041];
const WHITE = [0.95047, 1, 1.08883];

function lab(rgb: LinearRgb): number[] {
  const [x, y, z] = multiply(TO_XYZ, rgb).map((value, i) => {
    const t = value / WHITE[i]!;
    return t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116;
  });
  return [116 * y! - 16, 500 * (x! - y!), 200 * (y! - z!)];
}

function multiply(matrix: readonly number[], vector: readonly number[]): number[] {
  return [0, 3, 6].map((row) => vector.reduce((sum, value, i) => sum + matrix[row + i]! * value, 0));
}
