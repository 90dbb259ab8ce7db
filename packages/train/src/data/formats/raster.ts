/** An image as bytes. */
export interface RasterImage {
  readonly width: number;
  readonly height: number;
  /** 1: grey, 3: red, green, blue. */
  readonly channels: 1 | 3;
  /** [height, width, channels], 0 black to 255 white. */
  readonly data: Uint8Array;
}
