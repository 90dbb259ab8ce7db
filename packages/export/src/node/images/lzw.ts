const MOST_CODES = 4096;

/**
 * Decodes the LZW codes of a GIF frame.
 *
 * @param data the frame's blocks, joined
 * @param bits of a pixel, 1 to 8
 * @param count of pixels
 * @throws Error there are too few or too many pixels, or a code that has no meaning
 */
export function decodeLzw(data: Uint8Array, bits: number, count: number): Uint8Array {
  const out = new Uint8Array(count);
  if (bits < 1 || bits > 8) throw new Error(`its codes begin at ${bits} bits`);
  // Each code stands for the pixels of another code and one more.
  const [prefix, last, lengths] = [
    new Uint16Array(MOST_CODES),
    new Uint8Array(MOST_CODES),
    new Uint32Array(MOST_CODES),
  ];
  const [clear, end] = [1 << bits, (1 << bits) + 1];
  lengths.fill(1, 0, clear);
  let [width, next, previous, done, held, heldBits] = [bits + 1, end + 1, -1, 0, 0, 0];
  for (const byte of data) {
    held |= byte << heldBits;
    heldBits += 8;
    while (heldBits >= width) {
      const code = held & ((1 << width) - 1);
      held >>>= width;
      heldBits -= width;
      if (code === end) return complete(out, done);
      if (code === clear) {
        [width, next, previous] = [bits + 1, end + 1, -1];
        continue;
      }
      const isNew = code === next;
      if (code > next || (isNew && (previous < 0 || next === MOST_CODES)))
        throw new Error(`code ${code} has no meaning`);
      let from = isNew ? previous : code;
      const stop = done + lengths[from]! + (isNew ? 1 : 0);
      if (stop > count) throw new Error(`a frame has more than its ${count} pixels`);
      let at = stop - (isNew ? 2 : 1);
      for (; from > end; from = prefix[from]!) out[at--] = last[from]!;
      out[at] = from;
      if (isNew) out[stop - 1] = from;
      if (previous >= 0 && next < MOST_CODES) {
        prefix[next] = previous;
        last[next] = from;
        lengths[next] = lengths[previous]! + 1;
        next++;
        if (next === 1 << width && width < 12) width++;
      }
      previous = code;
      done = stop;
    }
  }
  return complete(out, done);
}

function complete(out: Uint8Array, done: number): Uint8Array {
  if (done < out.length) throw new Error(`a frame has ${done} instead of ${out.length} pixels`);
  return out;
}
