import { useState } from 'preact/hooks';

interface OpenersProps {
  readonly onFiles: (files: readonly File[]) => void;
  readonly onUrl: (url: string) => void;
}

/** Opens runs that the page was not started with. */
export function Openers({ onFiles, onUrl }: OpenersProps) {
  const [url, setUrl] = useState('');
  return (
    <div class="row">
      <label class="file">
        Open a run folder{' '}
        <input
          type="file"
          // @ts-expect-error preact's types do not know the attribute, which every browser has
          webkitdirectory
          multiple
          onChange={(event) => onFiles(Array.from(event.currentTarget.files ?? []))}
        />
      </label>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (url.trim()) onUrl(url.trim());
        }}
      >
        <label>
          or by address{' '}
          <input
            type="text"
            inputMode="url"
            placeholder="https://..."
            value={url}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Open</button>
      </form>
    </div>
  );
}
