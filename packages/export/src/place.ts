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

const FRAMES = 64;
const LIBRARY = /node_modules|tfjs-(core|layers|converter|backend-cpu)[\\/]|packages[\\/]export[\\/]|node:/;

/** The innermost stack line outside this package and tfjs, worked out when asked for: writing a stack as text takes time. */
export function callingLine(): () => string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const here = new Error();
  Error.stackTraceLimit = limit;
  return () => {
    const lines = (here.stack ?? '').split('\n');
    const line = lines.find((entry) => /^\s+at /.test(entry) && !LIBRARY.test(entry) && /[\\/]/.test(entry));
    return line
      ?.trim()
      .replace(/^at (?:.*\()?(?:file:\/\/)?/, '')
      .replace(/\)$/, '');
  };
}

/** The innermost stack line outside this package and tfjs. */
export function userLine(): string | undefined {
  return callingLine()();
}
