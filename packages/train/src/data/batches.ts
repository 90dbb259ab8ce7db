import { InputError, Random } from '@onnx-forge/infer';
import { COUNT, checked } from '@onnx-forge/infer/value-rule';
import type { Field, FieldArray, Split } from './data-set.js';
import { allocate, exampleSize } from './fields.js';
import { everyIndex } from './views.js';

/** Where training stands in the data; plain JSON. The permutation is not part of it: it follows from seed and epoch. */
export interface BatchPosition {
  /** Epoch of the next batch, from 0. */
  readonly epoch: number;
  /** Number of the next batch within that epoch, from 0. */
  readonly index: number;
}

export interface Batch {
  /** Number of examples. */
  readonly size: number;
  /** Which examples of the split these are. */
  readonly indices: Uint32Array;
  /** Field name -> [size, ...shape], row-major. The arrays are filled anew for every batch: copy what must last. */
  readonly fields: Readonly<Record<string, FieldArray>>;
}

export interface BatchOptions {
  readonly batchSize: number;
  /** Fields to read; all by default. */
  readonly fields?: readonly string[];
}

/**
 * Changes one example in place: a random crop, a flip, noise.
 *
 * @param example the numbers of one input, [...shape]
 * @param random a stream of this batch alone
 */
export type Augment = (example: FieldArray, random: Random) => void;

export interface TrainingBatchOptions extends BatchOptions {
  readonly seed: number;
  /** An epoch is a whole number of this many batches, default 1; those that are left over are dropped too. */
  readonly group?: number;
  /** Default true. Without it every epoch is in the split's own order. */
  readonly shuffle?: boolean;
  /** By field. The draws follow from seed, epoch and batch, so that training goes on from a position bit for bit. */
  readonly augment?: Readonly<Record<string, Augment>>;
  /** Go on where {@link TrainingBatches.position} was taken. */
  readonly position?: BatchPosition;
}

/**
 * Batches for training, without end: every epoch in a new order that depends only on seed and epoch, the remainder that
 * does not fill a batch dropped (it is different examples each epoch, unless the order is fixed).
 */
export class TrainingBatches {
  readonly batchesPerEpoch: number;
  readonly #reader: BatchReader;
  readonly #random: Random;
  readonly #batchSize: number;
  readonly #size: number;
  readonly #shuffle: boolean;
  readonly #augment: readonly (readonly [string, Augment])[];
  #epoch = 0;
  #index = 0;
  #order: Uint32Array | undefined;

  /** @throws InputError a batch size that is no positive integer or exceeds the split, an impossible position */
  constructor(
    split: Split,
    { batchSize, fields, seed, group = 1, shuffle = true, augment = {}, position }: TrainingBatchOptions,
  ) {
    checked('the batch size', batchSize, COUNT);
    if (group * batchSize > split.size) {
      const what = group === 1 ? `a batch of ${batchSize}` : `an iteration of ${group} batches of ${batchSize}`;
      throw new InputError(`${what} can't be filled from ${split.size} training examples`, { batchSize, group });
    }
    this.batchesPerEpoch = group * Math.floor(split.size / (group * batchSize));
    this.#reader = new BatchReader(split, batchSize, fields);
    this.#random = new Random(seed).fork('batches');
    this.#batchSize = batchSize;
    this.#size = split.size;
    this.#shuffle = shuffle;
    this.#augment = Object.entries(augment);
    if (position) this.#seek(position);
  }

  /** The position of the batch that {@link next} will give. */
  position(): BatchPosition {
    return { epoch: this.#epoch, index: this.#index };
  }

  /**
   * Waits until the next batch's examples are in memory, and has those of the one after it fetched meanwhile. Only for fields
   * that do not lie there; {@link next} gives the same without it, later.
   */
  async ready(): Promise<void> {
    if (!this.#reader.readsAhead) return;
    const order = this.#currentOrder();
    const at = (index: number) => order.subarray(index * this.#batchSize, (index + 1) * this.#batchSize);
    await this.#reader.readAhead(at(this.#index));
    if (this.#index + 1 >= this.batchesPerEpoch) return;
    // Its failure is that of the batch, when its turn comes.
    this.#reader.readAhead(at(this.#index + 1)).catch(() => {});
  }

  /** The batches from here to the end of the epoch. */
  *restOfEpoch(): Generator<Batch, void, undefined> {
    const { epoch } = this.position();
    while (this.#epoch === epoch) yield this.next();
  }

  next(): Batch {
    const from = this.#index * this.#batchSize;
    const batch = this.#reader.read(this.#currentOrder().subarray(from, from + this.#batchSize));
    this.#change(batch);
    this.#index++;
    if (this.#index === this.batchesPerEpoch) {
      this.#index = 0;
      this.#epoch++;
      this.#order = undefined;
    }
    return batch;
  }

  #currentOrder(): Uint32Array {
    this.#order ??= this.#shuffle
      ? this.#random.fork(`epoch ${this.#epoch}`).permutation(this.#size)
      : Uint32Array.from({ length: this.#size }, (_, index) => index);
    return this.#order;
  }

  #change({ size, fields }: Batch): void {
    if (this.#augment.length === 0) return;
    const random = this.#random.fork(`augment epoch ${this.#epoch} batch ${this.#index}`);
    for (const [name, augment] of this.#augment) {
      const values = fields[name]!;
      const length = values.length / size;
      for (let row = 0; row < size; row++) augment(values.subarray(row * length, (row + 1) * length), random);
    }
  }

  #seek({ epoch, index }: BatchPosition): void {
    const possible = Number.isSafeInteger(epoch) && epoch >= 0 && Number.isInteger(index) && index >= 0;
    if (!possible || index >= this.batchesPerEpoch) {
      const place = `epoch ${epoch}, batch ${index}`;
      throw new InputError(`training can't go on at ${place}: an epoch has ${this.batchesPerEpoch} batches`, {
        epoch,
        index,
      });
    }
    this.#epoch = epoch;
    this.#index = index;
  }
}

export interface EvaluationBatchOptions extends BatchOptions {
  /** Only the first so many examples. */
  readonly limit?: number;
}

/** Every example once, in order; the last batch may be smaller. */
export function* evaluationBatches(
  split: Split,
  { batchSize, fields, limit = split.size }: EvaluationBatchOptions,
): Generator<Batch, void, undefined> {
  checked('the batch size', batchSize, COUNT);
  const size = Math.min(limit, split.size);
  const reader = new BatchReader(split, Math.min(batchSize, size), fields);
  const order = Uint32Array.from({ length: size }, (_, index) => index);
  for (let from = 0; from < size; from += batchSize) yield reader.read(order.subarray(from, from + batchSize));
}

/** One field of the given examples as one new array [indices.length, ...shape]. */
export function gather(split: Split, field: string, indices: ArrayLike<number>): FieldArray {
  const reader = new BatchReader(split, indices.length, [field]);
  return reader.read(Uint32Array.from(indices)).fields[field]!;
}

/** A field of whole numbers of every example, one row each. */
export function gatherRows(split: Split, field: string): Int32Array[] {
  const all = gather(split, field, everyIndex(split)) as Int32Array;
  const size = all.length / split.size;
  return Array.from({ length: split.size }, (_, row) => all.subarray(row * size, (row + 1) * size));
}

/** Reads examples into arrays that it keeps. */
class BatchReader {
  readonly #split: Split;
  readonly #columns: readonly { name: string; field: Field; size: number; values: FieldArray }[];

  constructor(split: Split, capacity: number, names: readonly string[] = Object.keys(split.fields)) {
    this.#split = split;
    this.#columns = names.map((name) => {
      const field = split.fields[name];
      if (!field) {
        const known = Object.keys(split.fields).join(', ');
        throw new InputError(`the data have no field '${name}'; they have ${known}`, { name });
      }
      return { name, field, size: exampleSize(field.shape), values: allocate(field, capacity) };
    });
  }

  get readsAhead(): boolean {
    return this.#columns.some(({ field }) => field.readAhead !== undefined);
  }

  async readAhead(indices: Uint32Array): Promise<void> {
    await Promise.all(this.#columns.map(({ field }) => field.readAhead?.(indices)));
  }

  read(indices: Uint32Array): Batch {
    const count = indices.length;
    const outside = indices.findIndex((index) => index >= this.#split.size);
    if (outside >= 0) {
      throw new InputError(`there is no example ${indices[outside]}: there are ${this.#split.size}`);
    }
    const fields: Record<string, FieldArray> = {};
    for (const { name, field, size, values } of this.#columns) {
      for (let row = 0; row < count; row++) field.read(indices[row]!, values, row * size);
      fields[name] = values.subarray(0, count * size);
    }
    return { size: count, indices, fields };
  }
}
