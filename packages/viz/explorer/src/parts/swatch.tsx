import { dashOf, TONES } from './tones.js';

/** The stroke of a curve, in a legend. */
export function Swatch({ tone }: { tone: number }) {
  return (
    <svg class="swatch" viewBox="0 0 26 8" aria-hidden="true">
      <line
        x1="0"
        x2="26"
        y1="4"
        y2="4"
        class={`stroke tone-${tone % TONES}`}
        stroke-dasharray={dashOf(tone).join(' ')}
      />
    </svg>
  );
}
