/** Facts about a failure, for programs (and `--json`): the message is for people. */
export type ErrorData = Readonly<Record<string, unknown>>;

/**
 * The base of every error that this project raises on purpose: ONE clear line that names what was wrong and what to do,
 * a stable `code` to switch on, and the facts as data. Line breaks in the message are folded, so that a message taken
 * from elsewhere (an onnxruntime status, a file's text) stays one line.
 */
export class ForgeError extends Error {
  /** Written out in each class: programs compare `error.name`, and bundlers that minify rename classes. */
  static override readonly name: string = 'ForgeError';
  readonly code: string;
  readonly data: ErrorData;

  constructor(code: string, message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super(message.replace(/\s*[\r\n]+\s*/g, ' ').trim(), options);
    this.name = new.target.name;
    this.code = code;
    this.data = data;
  }
}

/** An argument is unusable: wrong shape, NaN, a count that is not a positive integer ... (code `bad-input`). */
export class InputError extends ForgeError {
  static override readonly name: string = 'InputError';
  constructor(message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super('bad-input', message, data, options);
  }
}

/** Codes of {@link DeviceError}. */
export type DeviceErrorCode = 'device-unavailable' | 'device-unknown';

/** A device was asked for that does not exist or can't be had here. */
export class DeviceError extends ForgeError {
  static override readonly name: string = 'DeviceError';
  declare readonly code: DeviceErrorCode;

  constructor(code: DeviceErrorCode, message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super(code, message, data, options);
  }
}

/** Codes of {@link GraphError}. */
export type GraphErrorCode = 'not-onnx' | 'graph-open' | 'graph-signature' | 'graph-run';

/** An ONNX graph can't be opened, is not what its signature says, or failed while running. */
export class GraphError extends ForgeError {
  static override readonly name: string = 'GraphError';
  declare readonly code: GraphErrorCode;

  constructor(code: GraphErrorCode, message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super(code, message, data, options);
  }
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
export class RunFolderError extends ForgeError {
  static override readonly name: string = 'RunFolderError';
  declare readonly code: RunFolderErrorCode;

  constructor(code: RunFolderErrorCode, message: string, data: ErrorData = {}, options?: ErrorOptions) {
    super(code, message, data, options);
  }
}

/** A model or session was used after `dispose()` (code `disposed`). */
export class DisposedError extends ForgeError {
  static override readonly name: string = 'DisposedError';
  constructor(what: string) {
    super('disposed', `${what} was disposed and can't be used any more; load it again`, { what });
  }
}

/** Somebody's AbortSignal gave the work up (code `aborted`); `cause` is the signal's reason. */
export class AbortError extends ForgeError {
  static override readonly name: string = 'AbortError';
  constructor(what: string, reason: unknown) {
    super('aborted', `${what} was given up`, { what }, { cause: reason });
  }
}
