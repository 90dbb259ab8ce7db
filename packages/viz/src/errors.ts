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

/** Meaning and remedy of each error of this package; a code without an entry does not compile. */
export const FIGURE_ERRORS: {
  readonly [C in FigureErrorCode]: { readonly error: string; readonly means: string; readonly mend: string };
} = {
  'bad-shape': {
    error: 'FigureError',
    means: 'Data or an image has not the shape that the figure needs.',
    mend: 'Correct the lengths that the message names.',
  },
  'not-finite': {
    error: 'FigureError',
    means: 'A number to draw is NaN or infinite.',
    mend: 'Leave it out, or mend where it comes from.',
  },
  'bad-option': {
    error: 'FigureError',
    means: 'An option of a figure has a value that it does not accept.',
    mend: 'Correct the option that the message names.',
  },
  'bad-svg': {
    error: 'FigureError',
    means: 'A text to draw as PNG is no SVG document.',
    mend: 'Give a whole SVG document.',
  },
  'explorer-missing': {
    error: 'FigureError',
    means: 'The explorer page was not built: only a checkout of the sources can lack it.',
    mend: "Run 'npm run build'.",
  },
};
