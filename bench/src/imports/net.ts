/** Measurements of one exported net. */
export interface NetMeasures {
  /** Of the outputs, in tfjs, against PyTorch in float64. */
  readonly forward: number;
  /** Of the gradients of a compiled step, against PyTorch in float64. */
  readonly gradient: number;
  /** How many parameters that was compared of. */
  readonly compared: number;
  /** How many weights of the file are trained. */
  readonly trained: number;
  /** Of the outputs of the file that `exportOnnx` made of the import, in onnxruntime. */
  readonly again: number;
  /** Nodes of the file, and of the one exported again. */
  readonly nodes: readonly [before: number, after: number];
}

export type NetOutcome = NetMeasures | { readonly failed: string };

export interface NetResult {
  readonly net: string;
  /** The program that wrote the file: `dynamo` and `torchscript` are PyTorch's newer and older exporter. */
  readonly exporter: string;
  /** Parameters of the net that its gradients are compared of. */
  readonly parameters: number;
  readonly outcome: NetOutcome;
}

/** Largest errors that are right. */
export const NET_GOALS = { forward: 1e-5, gradient: 1e-4, again: 1e-5 } as const;

/** Reasons why a net is not right; none when it is. */
export function faultsOf({ parameters, outcome }: NetResult): string[] {
  if ('failed' in outcome) return [outcome.failed];
  const large = (['forward', 'gradient', 'again'] as const).filter((what) => !(outcome[what] <= NET_GOALS[what]));
  const missing = parameters - outcome.compared;
  return [
    ...large.map((what) => `${what} error ${outcome[what].toExponential(1)}`),
    ...(missing > 0 ? [`${missing} of ${parameters} gradients have no counterpart`] : []),
  ];
}

/** The worst of two examinations of the same net, with other weights. */
export function worseOf(a: NetResult, b: NetResult): NetResult {
  if ('failed' in a.outcome) return a;
  if ('failed' in b.outcome) return b;
  const [first, second] = [a.outcome, b.outcome];
  const larger = (what: keyof typeof NET_GOALS): number => Math.max(first[what], second[what]);
  const errors = { forward: larger('forward'), gradient: larger('gradient'), again: larger('again') };
  return { ...b, outcome: { ...second, ...errors, compared: Math.min(first.compared, second.compared) } };
}
