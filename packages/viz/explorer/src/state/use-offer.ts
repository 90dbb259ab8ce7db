import { useEffect, useState } from 'preact/hooks';
import { EventStream } from './event-stream.js';
import { NOTHING, type Offer } from './offer.js';

/** The runs of `runs.json` beside the page, none without that file; undefined while it is read. */
export function useOffer(): { readonly offer?: Offer; readonly stream?: EventStream } {
  const [offer, setOffer] = useState<Offer>();
  const [stream, setStream] = useState<EventStream>();
  useEffect(() => {
    let opened: EventStream | undefined;
    let isOver = false;
    void fetchOffer().then((first) => {
      if (isOver) return;
      setOffer(first);
      if (!first.live) return;
      opened = new EventStream(setOffer);
      setStream(opened);
    });
    return () => {
      isOver = true;
      opened?.close();
    };
  }, []);
  return { ...(offer && { offer }), ...(stream && { stream }) };
}

async function fetchOffer(): Promise<Offer> {
  const response = await fetch('runs.json').catch(() => undefined);
  if (!response?.ok) return NOTHING;
  return response.json().catch(() => NOTHING) as Promise<Offer>;
}
