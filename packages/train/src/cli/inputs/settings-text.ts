import { LineCounter, parseDocument } from 'yaml';
import { shortened } from '../../data/shortened.js';

/** Content of a text of YAML or JSON, and the lines that it stands on. */
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
  const { document, value } = parsed(text.replace(/^\uFEFF/, ''), lines, refuse);
  // Tags that are unknown are mere warnings of the parser.
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    const line = lines.linePos(problem.pos[0]).line;
    if (problem.code === 'DUPLICATE_KEY') {
      const key = /^\s*["']?([^"':\s]+)/.exec(text.replace(/^\uFEFF/, '').slice(problem.pos[0]))?.[1];
      throw refuse(`'${shortened(key ?? '')}' stands twice: leave one of them`, line);
    }
    throw refuse(`it is neither YAML nor JSON: ${shortened(problem.message.split(/ at line \d+|\n/)[0]!)}`, line);
  }
  return {
    value,
    lineOf(path) {
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
        if (node?.range) return lines.linePos(node.range[0]!).line;
      }
      return undefined;
    },
  };
}

/** Levels of brackets, and characters of indentation, that no file of settings needs. */
const DEEPEST = { brackets: 200, indentation: 400 };

/**
 * Whether a text may be nested so deeply that the parser, which recurses, would exhaust the stack: that can end the process. Brackets
 * in texts and comments count too.
 */
function mayBeTooDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth += 1;
    else if ((character === ']' || character === '}') && depth > 0) depth -= 1;
    if (depth > DEEPEST.brackets) return true;
  }
  return text.split('\n').some((line) => /^[\s\-?:]*/.exec(line)![0].length > DEEPEST.indentation);
}

/** The parser recurses, and limits how often aliases may repeat what they stand for. */
function parsed(text: string, lineCounter: LineCounter, refuse: (reason: string) => Error) {
  const tooDeep = () => refuse('it is nested too deeply');
  if (mayBeTooDeep(text)) throw tooDeep();
  try {
    const document = parseDocument(text, { lineCounter, stringKeys: true });
    if (document.errors.some(({ message }) => /call stack/i.test(message))) throw tooDeep();
    return { document, value: document.errors.length > 0 ? undefined : (document.toJS() as unknown) };
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    if (error instanceof ReferenceError) throw refuse(`its aliases can't be followed: ${error.message}`);
    throw error;
  }
}
