import { type DataSet, loadDataSet, type Recipe } from '@onnx-forge/train';

/**
 * Embedded data sets of recipes, each generated once, however many recipes share it.
 *
 * @param size of each split, where only a few of its examples are wanted; all by default
 */
export class EmbeddedSets {
  readonly #sets = new Map<string, Promise<DataSet>>();
  readonly #size: number | undefined;

  constructor(size?: number) {
    this.#size = size;
  }

  of({ data: { embedded } }: Recipe): Promise<DataSet> {
    const set = this.#sets.get(embedded) ?? loadDataSet(embedded).then((whole) => this.#first(whole));
    this.#sets.set(embedded, set);
    return set;
  }

  #first(set: DataSet): DataSet {
    const size = this.#size;
    if (size === undefined) return set;
    const splits = Object.entries(set.splits).map(([name, split]) => {
      // One long text, an example a character: some of it would lack letters of the rest.
      if (split.texts?.character) return [name, split] as const;
      const texts = Object.entries(split.texts ?? {}).map(([text, all]) => [text, all.slice(0, size)] as const);
      const first = { ...split, size: Math.min(size, split.size) };
      return [name, split.texts ? { ...first, texts: Object.fromEntries(texts) } : first] as const;
    });
    return { ...set, splits: Object.fromEntries(splits) as unknown as DataSet['splits'] };
  }
}
