/** A weight as it was imported. */
export interface ImportedWeight {
  /** Name in the file; one that was split has the node that reads it behind it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly trainable: boolean;
  /** Why it is not trained; `adapted`: its adapter is; `no matrix`: no adapter fits it. */
  readonly frozen?: 'statistic' | 'not selected' | 'not read' | 'adapted' | 'no matrix';
  /** Operators that read it, with their names. */
  readonly readBy: readonly string[];
}

/** Something about a file that one should know before one trains it. */
export interface ImportNote {
  readonly kind: 'merged' | 'batch-norm' | 'dropout' | 'lost-name' | 'precision' | 'constant';
  readonly message: string;
  /** Weights or nodes that it is about. */
  readonly names: readonly string[];
}

/** All that an import found. */
export interface ImportReport {
  /** The program that wrote the file, as it says itself. */
  readonly producer: string;
  readonly opset: number;
  /** Nodes by operator. */
  readonly operators: Readonly<Record<string, number>>;
  readonly weights: readonly ImportedWeight[];
  readonly notes: readonly ImportNote[];
}
