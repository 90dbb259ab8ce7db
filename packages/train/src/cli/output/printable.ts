/**
 * A text that comes from elsewhere (a file, a server, an argument), for a terminal: control characters are shown as `\x1b`, not
 * obeyed. Line ends and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
