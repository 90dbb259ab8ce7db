import { LineCounter, parseDocument } from 'yaml';

/** The value of a text of YAML or JSON, and the lines of its parts. */
export interface SettingsText {
  readonly value: unknown;
  /** Line (from 1) of what stands at a path of keys and indices, or of the nearest part around it that is there. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/**
 * Reads YAML 1.2, of which JSON is a part. A byte order mark is no mistake; a key that stands twice in an object is one.
 *
 * @param refuse makes the error, from one line without the file's name, and the line in the file
 */
export function parseSettings(text: string, refuse: (reason: string, line?: number) => Error): SettingsText {
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ''), { lineCounter: lines, stringKeys: true });
  // Tags that are unknown are mere warnings of the parser.
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    const line = lines.linePos(problem.pos[0]).line;
    if (problem.code === 'DUPLICATE_KEY') {
      const key = /^\s*["']?([^"':\s]+)/.exec(text.replace(/^\uFEFF/, '').slice(problem.pos[0]))?.[1];
      throw refuse(`'${key}' stands twice: leave one of them`, line);
    }
    throw refuse(`it is neither YAML nor JSON: ${problem.message.split(/ at line \d+|\n/)[0]}`, line);
  }
  return {
    value: document.toJS() as unknown,
    lineOf(path) {
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
        if (node?.range) return lines.linePos(node.range[0]!).line;
      }
      return undefined;
    },
  };
}
