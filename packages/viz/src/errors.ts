/** Codes of {@link FigureError}. */
export type FigureErrorCode = 'bad-shape' | 'not-finite' | 'bad-option' | 'bad-svg' | 'explorer-missing';

/**
 * A figure can't be drawn from what was given: ONE clear line that names what was wrong and what to do, a stable `code`
 * to switch on, and the facts as data. The same shape as the errors of the other packages, which this one doesn't import.
 */
export class FigureError extends Error {
  readonly code: FigureErrorCode;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(
    code: FigureErrorCode,
    message: string,
    data: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message.replace(/\s*[\r\n]+\s*/g, ' ').trim(), options);
    this.name = new.target.name;
    this.code = code;
    this.data = data;
  }
}
