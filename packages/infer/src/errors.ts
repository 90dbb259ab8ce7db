/** Facts about a failure, for programs (and `--json`): the message is for people. */
export type ErrorData = Readonly<Record<string, unknown>>;

/**
 * The base of every error that this project raises on purpose: ONE clear line that names what was wrong and what to do,
 * a stable `code` to switch on, and the facts as data. Line breaks in the message are folded, so that a message taken
 * from elsewhere (an onnxruntime status, a file's text) stays one line.
 */
export class ForgeError<Code extends string = string> extends Error {
  /** Written out in each class: programs compare `error.name`, and bundlers that minify rename classes. */
  static override readonly name: string = 'ForgeError';
  /** A template, so that it stays a text where `instanceof ForgeError` leaves `Code` open. */
  readonly code: `${Code}`;
  readonly data: ErrorData;

  constructor(code: Code, message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super(message.replace(/\s*[\r\n]+\s*/g, ' ').trim(), options);
    this.name = new.target.name;
    this.code = code as `${Code}`;
    this.data = data;
  }
}

/** An argument is unusable: wrong shape, NaN, a count that is not a positive integer ... (code `bad-input`). */
export class InputError extends ForgeError<'bad-input'> {
  static override readonly name: string = 'InputError';
  constructor(message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super('bad-input', message, data, options);
  }
}

/** Codes of {@link DeviceError}. */
export type DeviceErrorCode = 'device-unavailable' | 'device-unknown';

/** A device was asked for that does not exist or can't be had here. */
export class DeviceError extends ForgeError<DeviceErrorCode> {
  static override readonly name: string = 'DeviceError';
}

/** Codes of {@link GraphError}. */
export type GraphErrorCode = 'not-onnx' | 'graph-open' | 'graph-signature' | 'graph-run';

/** An ONNX graph can't be opened, is not what its signature says, or failed while running. */
export class GraphError extends ForgeError<GraphErrorCode> {
  static override readonly name: string = 'GraphError';
}

/** Codes of {@link RunFolderError}. */
export type RunFolderErrorCode =
  | 'run-missing'
  | 'run-incomplete'
  | 'run-newer'
  | 'run-unreachable'
  | 'run-cross-origin'
  | 'run-too-large'
  | 'not-trainable'
  | 'manifest-invalid'
  | 'graph-missing'
  | 'graph-hash';

/** A run folder (or the same under a URL) is absent, unfinished, from a newer version, or damaged. */
export class RunFolderError extends ForgeError<RunFolderErrorCode> {
  static override readonly name: string = 'RunFolderError';
}

/** A model or session was used after `dispose()` (code `disposed`). */
export class DisposedError extends ForgeError<'disposed'> {
  static override readonly name: string = 'DisposedError';
  constructor(what: string) {
    super('disposed', `${what} was disposed and can't be used any more; load it again`, { what });
  }
}

/** An AbortSignal of the caller's gave the work up (code `aborted`); `cause` is the signal's reason. */
export class AbortError extends ForgeError<'aborted'> {
  static override readonly name: string = 'AbortError';
  constructor(what: string, reason: unknown) {
    super('aborted', `${what} was given up`, { what }, { cause: reason });
  }
}

/** Codes of all errors of this package. */
export type InferErrorCode =
  | 'bad-input'
  | DeviceErrorCode
  | GraphErrorCode
  | RunFolderErrorCode
  | 'disposed'
  | 'aborted'
  | 'node-only';

/** One line of a catalogue of errors. */
export interface ErrorEntry {
  /** Name of the class, and of a subclass that some have. */
  readonly error: string;
  readonly means: string;
  /** The way out, as an instruction. */
  readonly mend: string;
}

/** Errors by their codes; a code without an entry does not compile. */
export type ErrorCatalogue<Code extends string> = { readonly [C in Code]: ErrorEntry };

/** Meaning and remedy of each error of this package. */
export const INFER_ERRORS: ErrorCatalogue<InferErrorCode> = {
  'bad-input': {
    error: 'InputError',
    means: 'An argument is unusable: wrong shape or type, NaN, a count that is no positive integer, an unknown option.',
    mend: 'Correct the argument that the message names.',
  },
  'device-unavailable': {
    error: 'DeviceError',
    means: "The device exists, but this machine, browser or installation doesn't offer it.",
    mend: "Install what the message names, or take another device; 'auto' takes the best one that works.",
  },
  'device-unknown': {
    error: 'DeviceError',
    means: 'There is no device of this name.',
    mend: 'Use a name that the message lists.',
  },
  'not-onnx': {
    error: 'GraphError',
    means: 'The bytes are no ONNX model.',
    mend: 'Check the path or address: a web server may have answered with a page.',
  },
  'graph-open': {
    error: 'GraphError',
    means: 'onnxruntime refuses the graph, as damaged, or for an operator or version that it does not know.',
    mend: 'Use the version of onnxruntime in package.json, or export the graph again.',
  },
  'graph-signature': {
    error: 'GraphError',
    means: "Inputs or outputs of a graph are not those of the manifest, or have a type that isn't supported.",
    mend: 'Export the run again: graph and manifest are of different versions.',
  },
  'graph-run': {
    error: 'GraphError',
    means: 'onnxruntime failed while running a graph, such as for lack of memory.',
    mend: 'Read the reason in the message; use smaller batches, or another device.',
  },
  'run-missing': {
    error: 'RunFolderError',
    means: 'There is no run folder at this place, or it is empty.',
    mend: 'Check the path or address, or train the run first.',
  },
  'run-incomplete': {
    error: 'RunFolderError',
    means: 'The folder has no manifest, or the manifest lacks a graph that its kind of model needs.',
    mend: 'Finish the training with --resume, or copy the whole folder.',
  },
  'run-newer': {
    error: 'RunFolderError',
    means: 'The run was written by a newer version, in a format that this one does not know.',
    mend: 'Update the package.',
  },
  'run-unreachable': {
    error: 'RunFolderError',
    means: "The address of a run can't be fetched.",
    mend: 'Check the address, the server and the network.',
  },
  'run-cross-origin': {
    error: 'RunFolderError',
    means: 'The server of the run does not let pages of this origin read its files (CORS).',
    mend: 'Let the server send Access-Control-Allow-Origin, or serve the run from the same origin.',
  },
  'run-too-large': {
    error: 'RunFolderError',
    means: 'A file of the run is larger than the option maxBytes allows.',
    mend: 'Raise maxBytes if the source is to be trusted.',
  },
  'not-trainable': {
    error: 'RunFolderError',
    means: 'The run was written without its training step, so it can be used but not trained further.',
    mend: 'Train it with --save-step, or write the step: train MODEL --resume --save-step.',
  },
  'manifest-invalid': {
    error: 'RunFolderError',
    means: 'manifest.json is not JSON, or an entry of it is missing or of the wrong type.',
    mend: 'Copy the folder again, or train or export the run again.',
  },
  'graph-missing': {
    error: 'RunFolderError',
    means: 'A file that the manifest names is not there.',
    mend: 'Copy the whole folder.',
  },
  'graph-hash': {
    error: 'RunFolderError',
    means: "A file's sha256 or size is not that of the manifest: it is damaged, or of another run.",
    mend: 'Copy the whole folder again.',
  },
  disposed: {
    error: 'DisposedError',
    means: 'A model or session was used after dispose().',
    mend: 'Load it again, or dispose of it later.',
  },
  aborted: {
    error: 'AbortError',
    means: "The caller's AbortSignal was aborted; `cause` is its reason.",
    mend: 'Nothing is wrong: call again to do the work.',
  },
  'node-only': {
    error: 'ForgeError',
    means: 'The call needs files, which browsers do not have.',
    mend: 'Run it in Node.',
  },
};
