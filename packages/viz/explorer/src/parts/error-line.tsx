import { explain } from '../opened.js';

/** One readable line; nothing when there is no error. */
export function ErrorLine({ error }: { error: Error | undefined }) {
  return error ? (
    <p class="error" role="alert">
      {explain(error)}
    </p>
  ) : null;
}
