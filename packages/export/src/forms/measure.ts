import type { ComputeDevice, Session, Tensor } from '@onnx-forge/infer';
import { sizeOf } from '@onnx-forge/infer';
import { input } from '../graph/build.js';
import type { Dialect } from '../graph/dialect.js';
import type { Site } from '../graph/form.js';
import { encodeModel } from '../onnx/writer.js';
import { simplify } from '../simplify/simplify.js';

/** Times of the forms of one site, and which was taken. */
export interface MeasuredForm {
  readonly form: string;
  /** Milliseconds of a run by form: the shortest of several. Forms that were given up early have more than they might. */
  readonly ms: Readonly<Record<string, number>>;
}

/** Runs of every form that still competes, in turns. */
const ROUNDS = 9;
/** Fewer decide nothing. */
const FEWEST_ROUNDS = 5;
/** A form, but the expected one, that took so many times the best one's time in each of three rounds is not run again. */
const HOPELESS = 2;
/** Another form than the expected one must win by so much, in its shortest run and in its median: less is noise, or a busy machine. */
const WIN = 0.95;
/** If the expected form's median run takes so many times its shortest, other programs have the cores: nothing is decided. */
const BUSY = 1.5;
/** Largest difference from the expected form's numbers, in parts of the largest of them. */
const TOLERANCE = 1e-3;

interface Contender {
  readonly form: string;
  readonly session: Session;
  /** Milliseconds of its runs. */
  readonly times: number[];
}

interface MeasureOptions {
  readonly dialect: Dialect;
  /** For all sites together. */
  readonly budgetMs: number;
  /** Milliseconds. Default: the wall's clock. */
  readonly clock?: (() => number) | undefined;
}

/**
 * Times the forms of each site on the device, with numbers of no pattern, and takes the fastest: the largest sites first, until the time
 * is up. Sites that it did not come to, or that other programs disturbed, are absent.
 */
export async function measureForms(
  device: ComputeDevice,
  sites: readonly Site[],
  { dialect, budgetMs, clock = () => performance.now() }: MeasureOptions,
): Promise<Record<string, MeasuredForm>> {
  const end = performance.now() + budgetMs;
  const measured: Record<string, MeasuredForm> = {};
  for (const site of [...sites].sort((a, b) => b.work - a.work)) {
    if (performance.now() >= end) break;
    const one = await measureSite(device, site, { dialect, clock, end });
    if (one) measured[site.name] = one;
  }
  return measured;
}

/** Undefined when the time was up before every form had run often enough. */
async function measureSite(
  device: ComputeDevice,
  site: Site,
  { dialect, clock, end }: { readonly dialect: Dialect; readonly clock: () => number; readonly end: number },
): Promise<MeasuredForm | undefined> {
  const contenders: Contender[] = [];
  const feeds = Object.fromEntries(site.operands.map((shape, i) => [`operand_${i}`, waves(shape)]));
  try {
    let expected: Float32Array | undefined;
    for (const { form, bytes } of graphsOf(site, dialect)) {
      const session = await device.open(bytes, { name: `${form} of ${site.name}` });
      contenders.push({ form, session, times: [] });
      const { y } = await session.run(feeds);
      expected ??= y!.data as Float32Array;
      if (!agree(y!.data as Float32Array, expected)) {
        contenders.pop();
        await session.dispose();
      }
      if (performance.now() >= end) return undefined;
    }
    for (let round = 0; round < ROUNDS; round++) {
      const least = Math.min(...contenders.map(shortest));
      for (const contender of contenders) {
        const isRival = contender.form !== site.expected;
        if (isRival && round >= 3 && shortest(contender) > HOPELESS * least) continue;
        const start = clock();
        await contender.session.run(feeds);
        contender.times.push(clock() - start);
      }
      if (performance.now() >= end) break;
    }
    return verdict(site, contenders);
  } finally {
    for (const { session } of contenders) await session.dispose();
  }
}

const shortest = ({ times }: Contender): number => Math.min(...times);

const median = ({ times }: Contender): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;

/** Undefined when too few rounds were done, or on a busy machine. */
function verdict({ expected }: Site, contenders: readonly Contender[]): MeasuredForm | undefined {
  const usual = contenders.find(({ form }) => form === expected)!;
  if (usual.times.length < FEWEST_ROUNDS || median(usual) > BUSY * shortest(usual)) return undefined;
  const wins = (one: Contender): boolean => shortest(one) < WIN * shortest(usual) && median(one) < WIN * median(usual);
  const winners = contenders.filter(wins).sort((a, b) => shortest(a) - shortest(b));
  const ms = Object.fromEntries(contenders.map((one) => [one.form, Number(shortest(one).toPrecision(3))]));
  return { form: winners[0]?.form ?? expected, ms };
}

/** A graph for each form, the expected one first; of forms that are the same graph at these shapes, the first. */
function graphsOf(site: Site, dialect: Dialect): { readonly form: string; readonly bytes: Uint8Array }[] {
  const names = [site.expected, ...Object.keys(site.forms).filter((form) => form !== site.expected)];
  const graphs: { form: string; bytes: Uint8Array }[] = [];
  for (const form of names) {
    const operands = site.operands.map((shape, i) => input(`operand_${i}`, 'float32', shape));
    const [value] = simplify([site.forms[form]!(...operands)], dialect).values;
    const inputs = operands.map((operand, i) => ({ name: `operand_${i}`, value: operand }));
    const bytes = encodeModel({ name: 'form', inputs, outputs: [{ name: 'y', value: value! }] });
    if (!graphs.some((graph) => equal(graph.bytes, bytes))) graphs.push({ form, bytes });
  }
  return graphs;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function agree(values: Float32Array, expected: Float32Array): boolean {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return values.every((value, i) => Math.abs(value - expected[i]!) <= TOLERANCE * largest);
}

function waves(dims: readonly number[]): Tensor {
  const data = Float32Array.from({ length: sizeOf(dims) }, (_, i) => Math.sin(i * i));
  return { type: 'float32', dims, data };
}
