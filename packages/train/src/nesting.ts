/** Arrays and objects in each other, beyond which a text of JSON is no file of ours: readers would exhaust the stack. */
const DEEPEST = 100;

/** Whether a text of JSON is nested more deeply than any file of ours; looked at without recursion, before it is parsed. */
export function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  for (let i = 0, inString = false; i < text.length; i += 1) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}
