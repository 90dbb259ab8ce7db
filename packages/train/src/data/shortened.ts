/** The most characters of a user's text in a message. */
const LONGEST = 60;

/** A text for a message: its beginning, if it is long. */
export function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}
