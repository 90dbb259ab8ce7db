/** Models of Keras 2, as its converter to tfjs writes them: tfjs's layers compute some of them otherwise than Keras does. */
import { type Json, type JsonObject, Untranslatable } from './keras-3/config.js';
import { MASKED_MEAN } from './keras-3/masks.js';
import { BILINEAR, CENTER_CROP } from './keras-3/tfjs-layers.js';
import { DEPTHWISE_WINDOW } from './keras-3/windows.js';

interface Layer extends JsonObject {
  readonly class_name: string;
  readonly config: JsonObject;
}

interface Circumstances {
  readonly version: string;
  /** Whether some layer of the model makes masks. */
  readonly masks: boolean;
}

/** Where tfjs's layer of the same name is another one. */
interface Difference {
  /** Keys that tfjs does not heed, with the values at which that makes no difference. */
  readonly only?: Readonly<Record<string, readonly Json[]>>;
  /** The class that computes what Keras does; undefined: tfjs's own. May refuse. */
  instead?(config: JsonObject, circumstances: Circumstances): string | undefined;
}

const LAST = { data_format: ['channels_last'] } as const;
const convolution: Difference = { only: { groups: [1] } };
const transposed: Difference = {
  only: {
    dilation_rate: [
      [1, 1],
      [1, 1, 1],
    ],
    output_padding: [],
  },
};
const whole: Difference = { only: { keepdims: [false] } };
const recurrent: Difference = { only: { time_major: [false] } };

const DIFFERENCES: Readonly<Record<string, Difference>> = {
  Conv1D: convolution,
  Conv2D: convolution,
  Conv3D: convolution,
  Conv2DTranspose: transposed,
  Conv3DTranspose: transposed,
  DepthwiseConv2D: {
    instead: (config) => {
      if ([config.dilation_rate ?? 1].flat().every((rate) => rate === 1)) return undefined;
      requireOnly(config, LAST);
      return DEPTHWISE_WINDOW;
    },
  },
  UpSampling2D: {
    instead: (config, { version }) => {
      if (config.interpolation !== 'bilinear') return undefined;
      requireOnly(config, LAST);
      // Between the centres of pixels since TensorFlow 2; tfjs goes by their corners.
      const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
      const isOfTensorFlow2 =
        major > 2 || minor >= 4 || (/-tf$/.test(version) && (minor === 3 || (minor === 2 && patch >= 4)));
      if (isOfTensorFlow2) return BILINEAR;
      throw new Untranslatable(`bilinear interpolation as in Keras ${version} is not supported`);
    },
  },
  Resizing: {
    only: { interpolation: ['bilinear'], crop_to_aspect_ratio: [false] },
    instead: () => BILINEAR,
  },
  CenterCrop: { instead: () => CENTER_CROP },
  ReLU: { only: { negative_slope: [0], threshold: [0] } },
  BatchNormalization: { only: { renorm: [false] } },
  GlobalMaxPooling1D: whole,
  GlobalMaxPooling2D: whole,
  GlobalAveragePooling1D: { ...whole, instead: (_, { masks }) => (masks ? MASKED_MEAN : undefined) },
  GlobalAveragePooling2D: whole,
  SimpleRNN: recurrent,
  LSTM: recurrent,
  GRU: recurrent,
  Bidirectional: { only: { backward_layer: [] } },
};

/** The version of Keras that wrote a model; undefined for models of tfjs itself. */
export function kerasVersion(topology: unknown): string | undefined {
  const { keras_version } = (topology ?? {}) as { keras_version?: unknown };
  return typeof keras_version === 'string' && /^\d/.test(keras_version) ? keras_version : undefined;
}

/**
 * A model of Keras 2 for tfjs to read, with other layers where tfjs's own compute something else.
 * @throws Untranslatable that names the layer
 */
export function adapted<T>(topology: T, version: string): T {
  const masks = /"class_name":"Masking"|"mask_zero":true/.test(JSON.stringify(topology));
  return visit(topology as Json, { version, masks }) as T;
}

function visit(json: Json, circumstances: Circumstances): Json {
  if (Array.isArray(json)) return json.map((entry) => visit(entry, circumstances));
  if (typeof json !== 'object' || json === null) return json;
  const layer = isLayer(json) ? adaptedLayer(json, circumstances) : (json as JsonObject);
  return Object.fromEntries(Object.entries(layer).map(([key, value]) => [key, visit(value!, circumstances)]));
}

function isLayer(json: Json): json is Layer {
  const { class_name, config } = json as JsonObject;
  return typeof class_name === 'string' && Object.hasOwn(DIFFERENCES, class_name) && typeof config === 'object';
}

function adaptedLayer(layer: Layer, circumstances: Circumstances): Layer {
  const { class_name, config } = layer;
  const { only = {}, instead } = DIFFERENCES[class_name]!;
  try {
    requireOnly(config, only);
    return { ...layer, class_name: instead?.(config, circumstances) ?? class_name };
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    throw new Untranslatable(`layer '${config.name}' (${class_name}): ${error.message}`, true);
  }
}

/** Refuses other values of the keys than these, null, and none. */
function requireOnly(config: JsonObject, only: Readonly<Record<string, readonly Json[]>>): void {
  for (const [key, values] of Object.entries(only)) {
    const value = config[key] ?? null;
    const shown = JSON.stringify(value);
    if (value === null || values.some((allowed) => JSON.stringify(allowed) === shown)) continue;
    throw new Untranslatable(`${key} = ${shown.slice(0, 60)} is not supported`);
  }
}
