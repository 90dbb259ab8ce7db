import protobuf from 'protobufjs/light.js';

/** The part of TensorFlow's event.proto, summary.proto and tensor.proto that is written. */
const SCHEMA = {
  Event: {
    fields: {
      wallTime: { type: 'double', id: 1 },
      step: { type: 'int64', id: 2 },
      fileVersion: { type: 'string', id: 3 },
      summary: { type: 'Summary', id: 5 },
      sessionLog: { type: 'SessionLog', id: 7 },
    },
  },
  SessionLog: { fields: { status: { type: 'int32', id: 1 } } },
  Summary: { fields: { value: { rule: 'repeated', type: 'Value', id: 1 } } },
  Value: {
    fields: {
      tag: { type: 'string', id: 1 },
      simpleValue: { type: 'float', id: 2 },
      image: { type: 'Image', id: 4 },
      tensor: { type: 'Tensor', id: 8 },
      metadata: { type: 'Metadata', id: 9 },
    },
  },
  Image: {
    fields: {
      height: { type: 'int32', id: 1 },
      width: { type: 'int32', id: 2 },
      colorspace: { type: 'int32', id: 3 },
      encodedImageString: { type: 'bytes', id: 4 },
    },
  },
  Metadata: {
    fields: { pluginData: { type: 'PluginData', id: 1 }, summaryDescription: { type: 'string', id: 3 } },
  },
  PluginData: { fields: { pluginName: { type: 'string', id: 1 } } },
  Tensor: {
    fields: {
      dtype: { type: 'int32', id: 1 },
      tensorShape: { type: 'Shape', id: 2 },
      tensorContent: { type: 'bytes', id: 4 },
      stringVal: { rule: 'repeated', type: 'bytes', id: 8 },
    },
  },
  Shape: { fields: { dim: { rule: 'repeated', type: 'Dimension', id: 2 } } },
  Dimension: { fields: { size: { type: 'int64', id: 1 } } },
};

const EVENT = protobuf.Root.fromJSON({ nested: SCHEMA }).lookupType('Event');
const DT_FLOAT = 1;
const DT_STRING = 7;
const SESSION_START = 1;
const RGBA = 4;

/** The first event of a file: which format follows. */
export function versionEvent(wallTime: number): Uint8Array {
  return encode({ wallTime, fileVersion: 'brain.Event:2' });
}

/** @param wallTime in seconds since 1970 */
export function scalarEvent(wallTime: number, step: number, tag: string, value: number): Uint8Array {
  return encode({ wallTime, ...from(step), summary: { value: [{ tag, simpleValue: value }] } });
}

/** The values of several curves at one step, by their names. */
export function scalarsEvent(wallTime: number, step: number, values: Readonly<Record<string, number>>): Uint8Array {
  const value = Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue }));
  return encode({ wallTime, ...from(step), summary: { value } });
}

/** A writer began again here: readers drop what they have read of this step and later ones. */
export function sessionStartEvent(wallTime: number, step: number): Uint8Array {
  return encode({ wallTime, ...from(step), sessionLog: { status: SESSION_START } });
}

/** @param png the file's bytes */
export function imageEvent(
  wallTime: number,
  step: number,
  tag: string,
  { width, height, png }: { readonly width: number; readonly height: number; readonly png: Uint8Array },
): Uint8Array {
  const image = { height, width, colorspace: RGBA, encodedImageString: png };
  return encode({ wallTime, ...from(step), summary: { value: [{ tag, image }] } });
}

/** @param markdown shown as such */
export function textEvent(wallTime: number, step: number, tag: string, markdown: string): Uint8Array {
  const tensor = { dtype: DT_STRING, tensorShape: {}, stringVal: [new TextEncoder().encode(markdown)] };
  const metadata = { pluginData: { pluginName: 'text' } };
  return encode({ wallTime, ...from(step), summary: { value: [{ tag, metadata, tensor }] } });
}

/** @param buckets [k, 3]: left edge, right edge and count of each */
export function histogramEvent(
  wallTime: number,
  step: number,
  tag: string,
  buckets: Float32Array,
  description = '',
): Uint8Array {
  const tensor = {
    dtype: DT_FLOAT,
    tensorShape: { dim: [{ size: buckets.length / 3 }, { size: 3 }] },
    tensorContent: new Uint8Array(buckets.buffer, buckets.byteOffset, buckets.byteLength),
  };
  // The plugin's own message, of version 0, is empty, and left out.
  const metadata = {
    pluginData: { pluginName: 'histograms' },
    ...(description !== '' && { summaryDescription: description }),
  };
  return encode({ wallTime, ...from(step), summary: { value: [{ tag, metadata, tensor }] } });
}

/** Zero is what a missing number stands for. */
function from(step: number): { readonly step?: number } {
  return step === 0 ? {} : { step };
}

function encode(event: object): Uint8Array {
  return EVENT.encode(EVENT.fromObject(event)).finish();
}
