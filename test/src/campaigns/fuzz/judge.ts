import { ForgeError } from '@onnx-forge/infer';

/** The outcome of reading an input. */
export type Verdict =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly about: string };

/** How engines complain about programs that went wrong. */
const ENGINE =
  /Cannot (read|set|convert|access|mix|destructure|create)|is not (a function|iterable|a constructor|an object)|Invalid (typed )?array|offset is out of bounds|Offset is outside|out of memory|Maximum call stack|undefined|NaN|\[object |ERR_[A-Z]/;

/** The most characters of a line that is still one. */
const LONGEST_LINE = 4000;

/** Judges an error: fine is one of ours with a code, in one line, that says what is wrong in words and not in V8's. */
export function judge(error: unknown, foreign = false): Verdict {
  const failed = (about: string): Verdict => ({ outcome: 'failed', about });
  const message = error instanceof Error ? error.message : String(error);
  if (isDeniedWrite(error)) return failed(`writes outside its folder: ${message}`);
  if (!(error instanceof ForgeError)) {
    const name = error instanceof Error ? error.constructor.name : typeof error;
    return failed(`${name}: ${message}${place(error)}`);
  }
  if (typeof error.code !== 'string' || error.code === '') return failed(`no code: ${message}`);
  if (/[\r\n]/.test(message)) return failed(`several lines: ${JSON.stringify(message)}`);
  if (message.length > LONGEST_LINE) return failed(`a line of ${message.length} characters: ${message.slice(0, 60)}`);
  const words = foreign ? null : ENGINE.exec(withoutQuotes(message));
  if (words) return failed(`the engine's words '${words[0]}' in ${error.code}: ${message.slice(0, 300)}`);
  return { outcome: 'refused', reason: `${error.code}: ${shape(message)}` };
}

/** Text in quotation marks: it came from the input. */
function withoutQuotes(message: string): string {
  return message.replace(/'[^']*'|"[^"]*"|`[^`]*`/g, "''").replaceAll('received undefined', 'absent');
}

/** A message without the values in it: two inputs of one shape went the same way. */
export function shape(message: string): string {
  return withoutQuotes(message)
    .replace(/\S*[/\\]\S*/g, 'FILE')
    .replace(/-?\d[\d.,e+-]*/g, '#')
    .slice(0, 120);
}

function isDeniedWrite(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code, permission } = at as { code?: string; permission?: string };
    if (code === 'ERR_ACCESS_DENIED' && permission === 'FileSystemWrite') return true;
  }
  return false;
}

/** The first place of the stack that is in this project. */
function place(error: unknown): string {
  const stack = (error as { stack?: string } | undefined)?.stack ?? '';
  const line = stack.split('\n').find((text) => /packages|examples/.test(text) && text.includes('/dist/'));
  const found = line && /(?:packages|examples)\/[^)]*/.exec(line);
  return found ? ` (at ${found[0].replace(/:\d+$/, '')})` : '';
}
