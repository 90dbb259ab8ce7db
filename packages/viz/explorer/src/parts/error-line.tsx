/** One readable line; nothing when there is no error. */
export function ErrorLine({ error }: { error: Error | undefined }) {
  return error ? (
    <p class="error" role="alert">
      {explain(error)}
    </p>
  ) : null;
}

/** Text of an error for people: its one line, and its code. */
function explain(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? `${error.message} [${error.code}]` : error.message;
}
