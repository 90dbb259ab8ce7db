/** A text as a list of tokens. Training and serving must use the same one: a run's manifest names it. */
export type Tokeniser = (text: string) => string[];
