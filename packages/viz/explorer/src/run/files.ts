import type { AnyManifest } from '@onnx-forge/infer';
import { useEffect, useState } from 'preact/hooks';
import type { OfferedRun } from '../state/offer.js';

/** A file of a run, by its name in the folder. @throws Error when it is not there */
export async function readFile({ location, name }: OfferedRun, file: string): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof location !== 'string') {
    const bytes = await location.read(file);
    if (bytes) return Uint8Array.from(bytes);
    throw new Error(`${name} has no ${file}`);
  }
  const response = await fetch(addressOf(location, file));
  if (!response.ok) throw new Error(`${file} of ${name} can't be read (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

/** @param location a run folder, with or without `/` at its end */
export function addressOf(location: string, file: string): string {
  return `${location.replace(/\/?$/, '/')}${file}`;
}

/** A run's manifest as it was written. */
export function useManifest(run: OfferedRun): { readonly manifest?: AnyManifest; readonly error?: Error } {
  const [found, setFound] = useState<{ manifest?: AnyManifest; error?: Error }>({});
  useEffect(() => {
    let isOver = false;
    setFound({});
    readFile(run, 'manifest.json')
      .then((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as AnyManifest)
      .then(
        (manifest) => isOver || setFound({ manifest }),
        (error: Error) => isOver || setFound({ error }),
      );
    return () => {
      isOver = true;
    };
  }, [run.name, run.location, run.created]);
  return found;
}
