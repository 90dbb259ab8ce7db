/** Where in the user's program something happens: for refusals. */
export interface Place {
  /** The layer of a layers model that was being applied. */
  readonly layer?: string;
  /** The user's source line. */
  readonly at?: string;
}

/** ` in layer 'stem' at model.ts:12:3`, or as much of it as is known. */
export function describePlace({ layer, at }: Place): string {
  return `${layer === undefined ? '' : ` in layer '${layer}'`}${at === undefined ? '' : ` at ${at}`}`;
}

/** The innermost stack line outside this package and tfjs. */
export function userLine(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 64;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = limit;
  const library = /node_modules|tfjs-(core|layers|converter|backend-cpu)[\\/]|packages[\\/]export[\\/]|node:/;
  const line = stack.split('\n').find((entry) => /^\s+at /.test(entry) && !library.test(entry) && /[\\/]/.test(entry));
  return line
    ?.trim()
    .replace(/^at (?:.*\()?(?:file:\/\/)?/, '')
    .replace(/\)$/, '');
}
