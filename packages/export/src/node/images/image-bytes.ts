/** A decoded image, or one to encode. */
export interface ImageBytes {
  readonly width: number;
  readonly height: number;
  /** 1: grey, 2: grey and alpha, 3: red, green, blue, 4: with alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** [height, width, channels], 0 to 255. */
  readonly data: Uint8Array;
}

/** Channels that a decoded image is to have; 0: those that the file has. */
export type Channels = 0 | 1 | 3 | 4;
