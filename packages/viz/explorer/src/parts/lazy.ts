import { useEffect, useState } from 'preact/hooks';

/** A part of the page that is fetched when it is first shown; undefined until then. */
export function useModule<T>(load: () => Promise<T>): { readonly module?: T; readonly error?: Error } {
  const [found, setFound] = useState<{ module?: T; error?: Error }>({});
  useEffect(() => {
    let isOver = false;
    load().then(
      (module) => isOver || setFound({ module }),
      (error: Error) => isOver || setFound({ error }),
    );
    return () => {
      isOver = true;
    };
  }, []);
  return found;
}
