/** Files beside a model's, by name: each holds the bytes of weights. */
export type ExternalData = Readonly<Record<string, Uint8Array>>;

export interface ExternalDataOptions {
  /** Bytes of all weights above which they leave the model's file; default 2 GiB less room for the graph. 0: always. */
  readonly above?: number;
  /** Begin of the files' names; default `model`: `model.data`, `model-1.data` ... */
  readonly name?: string;
}
