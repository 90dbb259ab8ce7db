import { decodeSafetensors } from '@onnx-forge/infer';

/** A text that goes with a run. */
export interface ExampleText {
  readonly text: string;
  /** Its class, or its translation. */
  readonly answer?: string;
}

/** Some examples that go with a run; none of either sort where there are none. */
export interface TestExamples {
  /** [count, pixels]. */
  readonly images: Float32Array;
  readonly count: number;
  /** Class of each image. */
  readonly labels?: Int32Array;
  readonly texts: readonly ExampleText[];
}

export const NO_EXAMPLES: TestExamples = { images: new Float32Array(0), count: 0, texts: [] };

export async function testExamples(url: string): Promise<TestExamples> {
  const response = await fetch(url);
  if (response.status !== 200) return NO_EXAMPLES;
  const { arrays, metadata } = decodeSafetensors(new Uint8Array(await response.arrayBuffer()));
  const { x, label } = arrays;
  return {
    images: (x?.data ?? NO_EXAMPLES.images) as Float32Array,
    count: x?.shape[0] ?? 0,
    ...(label && { labels: label.data as Int32Array }),
    texts: metadata.texts === undefined ? [] : (JSON.parse(metadata.texts) as ExampleText[]),
  };
}
