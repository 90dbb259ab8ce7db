import {
  type Json,
  type JsonObject,
  type KerasObject,
  kerasObject,
  type TfjsObject,
  Untranslatable,
} from './config.js';
import { MASKED_MEAN } from './masks.js';
import { BILINEAR, CENTER_CROP, ELU, RESET_AFTER_GRU, RESHAPE, SUBTRACT } from './tfjs-layers.js';
import { DEPTHWISE_WINDOW, SEPARABLE_WINDOW, TRANSPOSED_WINDOW } from './windows.js';

/** How a layer class of Keras 3 is written for tfjs. Keys in none of the lists must be null: a new one may change the meaning. */
interface Rule {
  /** The class of tfjs; default: the same name. */
  readonly as?: string | ((config: JsonObject) => string);
  /** The class in models with masks. */
  readonly masked?: string;
  /** Of the same name and meaning in tfjs. */
  readonly keep?: readonly string[];
  /** Keys that tfjs does not know, with the values at which both compute the same. */
  readonly only?: Readonly<Record<string, readonly Json[]>>;
  /** Without effect on inference. */
  readonly drop?: readonly string[];
  /** Refused where masks are: tfjs drops them here, or joins them otherwise. */
  readonly maskless?: true;
  /** Further keys for tfjs; may refuse. */
  convert?(config: JsonObject, translate: (layer: KerasObject) => TfjsObject): JsonObject;
}

/** Of every layer: without effect on inference, or told elsewhere. */
const COMMON = ['name', 'trainable', 'dtype', 'seed'];
const TRAINING_ONLY = /_(initializer|regularizer|constraint)$/;

const LAST = { data_format: ['channels_last'] } as const;
const CONVOLUTION = ['filters', 'kernel_size', 'strides', 'padding', 'dilation_rate', 'use_bias'];
const WINDOW = ['kernel_size', 'strides', 'padding', 'dilation_rate', 'use_bias'];
const RECURRENT = ['units', 'use_bias', 'return_sequences', 'return_state', 'go_backwards'];
const RECURRENT_DROP = ['dropout', 'recurrent_dropout', 'unroll', 'implementation', 'zero_output_for_mask'];
const RECURRENT_ONLY = { stateful: [false] } as const;

const convolution: Rule = { keep: CONVOLUTION, only: { ...LAST, groups: [1] }, convert: activations };
const transposed = (ones: readonly number[]): Rule => ({
  keep: ['filters', 'kernel_size', 'strides', 'padding', 'use_bias'],
  only: { ...LAST, dilation_rate: [ones] },
  convert: activations,
});
const pooling: Rule = { keep: ['pool_size', 'strides', 'padding'], only: LAST };
const globalPooling: Rule = { only: { ...LAST, keepdims: [false] } };
const identity: Rule = {
  as: 'Activation',
  drop: [
    'rate',
    'noise_shape',
    'stddev',
    'l1',
    'l2',
    'factor',
    'height_factor',
    'width_factor',
    'fill_mode',
    'fill_value',
  ].concat(['interpolation', 'data_format', 'mode', 'value_range', 'lower', 'upper']),
  convert: () => ({ activation: 'linear' }),
};
const merge: Rule = { maskless: true };

const RULES: Readonly<Record<string, Rule>> = {
  InputLayer: {
    keep: [],
    only: { sparse: [false], ragged: [false], optional: [false] },
    drop: ['batch_shape', 'batch_size'],
    convert: ({ batch_shape, dtype }) => {
      if (!Array.isArray(batch_shape)) throw new Untranslatable('has no batch_shape');
      const type = { float32: 'float32', int32: 'int32', int64: 'int32', bool: 'bool' }[String(dtype)];
      if (type === undefined)
        throw new Untranslatable(`inputs of dtype ${JSON.stringify(dtype)?.slice(0, 60)} are not supported`);
      return { batch_input_shape: batch_shape, dtype: type };
    },
  },

  Dense: { keep: ['units', 'use_bias'], convert: activations },
  Conv1D: convolution,
  Conv2D: convolution,
  Conv3D: convolution,
  Conv2DTranspose: transposed([1, 1]),
  Conv3DTranspose: transposed([1, 1, 1]),
  Conv1DTranspose: {
    as: TRANSPOSED_WINDOW,
    keep: [...WINDOW, 'filters'],
    only: { ...LAST, dilation_rate: [[1]] },
    convert: activations,
  },
  DepthwiseConv1D: { as: DEPTHWISE_WINDOW, keep: [...WINDOW, 'depth_multiplier'], only: LAST, convert: activations },
  DepthwiseConv2D: {
    // tfjs's own does not dilate.
    as: ({ dilation_rate }) => (equal(dilation_rate, [1, 1]) ? 'DepthwiseConv2D' : DEPTHWISE_WINDOW),
    keep: [...WINDOW, 'depth_multiplier'],
    only: LAST,
    convert: activations,
  },
  SeparableConv1D: {
    as: SEPARABLE_WINDOW,
    keep: [...WINDOW, 'filters', 'depth_multiplier'],
    only: LAST,
    convert: activations,
  },
  SeparableConv2D: { keep: [...CONVOLUTION, 'depth_multiplier'], only: LAST, convert: activations },

  BatchNormalization: {
    keep: ['axis', 'epsilon', 'center', 'scale'],
    only: { renorm: [false] },
    drop: ['momentum', 'synchronized', 'renorm_momentum'],
  },
  LayerNormalization: { keep: ['axis', 'epsilon', 'center', 'scale'], only: { rms_scaling: [false] } },

  MaxPooling1D: pooling,
  MaxPooling2D: pooling,
  MaxPooling3D: pooling,
  AveragePooling1D: pooling,
  AveragePooling2D: pooling,
  AveragePooling3D: pooling,
  GlobalMaxPooling1D: globalPooling,
  GlobalMaxPooling2D: globalPooling,
  GlobalAveragePooling1D: { ...globalPooling, masked: MASKED_MEAN },
  GlobalAveragePooling2D: globalPooling,
  UpSampling2D: {
    // tfjs interpolates between the corners of pixels, Keras between their centres.
    as: ({ interpolation }) => (interpolation === 'bilinear' ? BILINEAR : 'UpSampling2D'),
    keep: ['size'],
    only: { ...LAST, interpolation: ['nearest', 'bilinear'] },
  },
  Resizing: {
    as: BILINEAR,
    keep: ['height', 'width'],
    only: {
      ...LAST,
      interpolation: ['bilinear'],
      crop_to_aspect_ratio: [false],
      pad_to_aspect_ratio: [false],
      antialias: [false],
    },
    drop: ['fill_mode', 'fill_value'],
  },

  CenterCrop: { as: CENTER_CROP, keep: ['height', 'width'], only: LAST },

  // tfjs's own leaves a size of -1 open when the batch is.
  Reshape: { as: RESHAPE, keep: ['target_shape'] },
  Permute: { keep: ['dims'] },
  Flatten: { only: LAST },
  RepeatVector: { keep: ['n'] },
  ZeroPadding2D: { keep: ['padding'], only: LAST },
  Cropping2D: { keep: ['cropping'], only: LAST },

  Embedding: { keep: ['input_dim', 'output_dim', 'mask_zero'] },
  Masking: { keep: ['mask_value'] },
  SimpleRNN: { keep: RECURRENT, only: RECURRENT_ONLY, drop: RECURRENT_DROP, convert: activations },
  LSTM: { keep: RECURRENT, only: RECURRENT_ONLY, drop: [...RECURRENT_DROP, 'unit_forget_bias'], convert: activations },
  GRU: {
    as: ({ reset_after }) => (reset_after === true ? RESET_AFTER_GRU : 'GRU'),
    keep: RECURRENT,
    only: { ...RECURRENT_ONLY, reset_after: [true, false] },
    drop: RECURRENT_DROP,
    convert: activations,
  },
  Bidirectional: {
    keep: ['merge_mode'],
    drop: ['layer', 'backward_layer'],
    convert: ({ layer, backward_layer }, translate) => {
      const forward = translate(kerasObject(layer));
      if (backward_layer) {
        const backward = translate(kerasObject(backward_layer));
        const same = { ...backward.config, name: forward.config.name, go_backwards: forward.config.go_backwards };
        const mirrored = backward.config.go_backwards !== forward.config.go_backwards;
        if (!mirrored || backward.class_name !== forward.class_name || !equal(same, forward.config))
          throw new Untranslatable('a backward_layer that differs from the forward one is not supported');
      }
      return { layer: forward as unknown as JsonObject };
    },
  },
  TimeDistributed: {
    maskless: true,
    drop: ['layer'],
    convert: ({ layer }, translate) => ({ layer: translate(kerasObject(layer)) as unknown as JsonObject }),
  },

  Add: merge,
  Multiply: merge,
  Average: merge,
  Maximum: merge,
  Minimum: merge,
  Subtract: { ...merge, as: SUBTRACT },
  Concatenate: { ...merge, keep: ['axis'] },
  Dot: { ...merge, keep: ['axes', 'normalize'] },

  Activation: { convert: activations },
  ReLU: { keep: ['max_value'], only: { negative_slope: [0], threshold: [0] } },
  LeakyReLU: { drop: ['negative_slope'], convert: ({ negative_slope }) => ({ alpha: negative_slope }) },
  PReLU: { keep: ['shared_axes'] },
  ELU: { as: ELU, keep: ['alpha'] },
  // tfjs's axis is 1 unless it is told.
  Softmax: { only: { axis: [-1] }, maskless: true, convert: () => ({ axis: -1 }) },
  Rescaling: {
    keep: ['scale', 'offset'],
    convert: ({ scale, offset }) => {
      if (typeof scale === 'number' && typeof offset === 'number') return {};
      throw new Untranslatable('scale and offset must be numbers');
    },
  },

  ...Object.fromEntries(
    [
      'Dropout',
      'SpatialDropout1D',
      'SpatialDropout2D',
      'SpatialDropout3D',
      'GaussianNoise',
      'GaussianDropout',
      'AlphaDropout',
    ]
      .concat(['ActivityRegularization', 'Identity', 'RandomFlip', 'RandomRotation', 'RandomTranslation', 'RandomZoom'])
      .concat(['RandomContrast', 'RandomBrightness'])
      .map((name) => [name, identity]),
  ),
};

/**
 * A layer of Keras 3 as tfjs reads it. Classes that are not Keras's own are left to the classes registered with tfjs.
 * @param masks whether some layer of the model makes masks
 * @throws Untranslatable
 */
export function translateLayer(layer: KerasObject, masks: boolean): TfjsObject {
  const { class_name, config, module } = layer;
  requireFloat32(class_name, config.dtype);
  const name = config.name ?? null;
  // The converter to tfjs leaves modules out.
  const isOwn = module === undefined ? Object.hasOwn(RULES, class_name) : isOfKeras(module);
  if (!isOwn) return { class_name, config: custom(config) };
  if (/^keras(\.src)?\.ops/.test(module ?? '')) {
    throw new Untranslatable(
      masks
        ? 'masks are not supported in functional models, where Keras 3 computes them by operations; in a Sequential model they are'
        : 'operations outside of layers (keras.ops) are not supported',
    );
  }
  const rule = Object.hasOwn(RULES, class_name) ? RULES[class_name]! : undefined;
  if (!rule) throw new Untranslatable('this layer class is not supported');
  if (masks && (rule.maskless || config.zero_output_for_mask === true)) {
    throw new Untranslatable('masks (Masking, mask_zero) are not supported together with this layer');
  }
  const { keep = [], only = {}, drop = [], as = class_name } = rule;
  const used = new Set([...keep, ...drop, ...COMMON, ...(rule.convert === activations ? ACTIVATIONS : [])]);
  if (class_name === 'Activation') used.add('activation');
  // tfjs has no causal convolution.
  if (config.padding === 'causal') throw new Untranslatable('padding = "causal" is not supported');
  for (const [key, value] of Object.entries(config)) {
    if (value === null || value === undefined || used.has(key) || TRAINING_ONLY.test(key)) continue;
    if (only[key]?.some((allowed) => equal(allowed, value))) continue;
    throw new Untranslatable(`${key} = ${JSON.stringify(value).slice(0, 60)} is not supported`);
  }
  const kept = keep.filter((key) => config[key] !== undefined).map((key) => [key, config[key]]);
  const more = rule.convert?.(config, (inner) => translateLayer(inner, masks)) ?? {};
  const given = { name, ...Object.fromEntries(kept), ...initializers(config), ...more };
  const instead = (masks ? rule.masked : undefined) ?? (typeof as === 'string' ? as : as(config));
  return { class_name: instead, config: given };
}

/** Whether a layer makes a mask for those that follow. */
export function makesMask({ class_name, config }: KerasObject): boolean {
  return class_name === 'Masking' || config.mask_zero === true;
}

/** Whether an object is of Keras itself, not registered by a program. */
export function isOfKeras(module: string | null | undefined): boolean {
  return module !== null && module !== undefined && /^keras(\.|$)/.test(module);
}

function custom(config: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(config).filter(([key]) => key !== 'dtype' && !TRAINING_ONLY.test(key)));
}

/** Every weight is read from the file: nothing is drawn first. */
function initializers(config: JsonObject): JsonObject {
  const keys = Object.keys(config).filter((key) => key.endsWith('_initializer'));
  return Object.fromEntries(keys.map((key) => [key, 'zeros']));
}

const ACTIVATIONS = ['activation', 'recurrent_activation'];

/** Functions of the same values in Keras 3 and in tfjs (whose hard sigmoid has other slopes), by tfjs's names. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  elu: 'elu',
  selu: 'selu',
  sigmoid: 'sigmoid',
  softmax: 'softmax',
  log_softmax: 'log_softmax',
  softplus: 'softplus',
  softsign: 'softsign',
  tanh: 'tanh',
  gelu: 'gelu',
  silu: 'swish',
  swish: 'swish',
  mish: 'mish',
};

function activations(config: JsonObject): JsonObject {
  const present = ACTIVATIONS.filter((key) => config[key] !== undefined);
  return Object.fromEntries(present.map((key) => [key, activation(key, config[key]!)]));
}

function activation(key: string, given: Json): string {
  if (given === null) return 'linear';
  // A function of one's own is an object; Keras's own are names, in some versions within an object.
  const { class_name, config } = typeof given === 'object' ? (given as Partial<Record<string, Json>>) : {};
  const name = class_name === 'function' ? config : given;
  if (typeof name === 'string' && Object.hasOwn(FUNCTIONS, name)) return FUNCTIONS[name]!;
  const shown = typeof name === 'string' ? `'${name}'` : String(class_name ?? 'a function of its own');
  throw new Untranslatable(`${key} ${shown} is not supported`);
}

/** Computations in half precision, or with quantised weights, would come out otherwise. */
function requireFloat32(class_name: string, dtype: Json | undefined): void {
  if (class_name === 'InputLayer' || dtype === undefined || dtype === null || dtype === 'float32') return;
  const name = typeof dtype === 'object' ? ((dtype as JsonObject).config as JsonObject | undefined)?.name : dtype;
  if (name !== 'float32')
    throw new Untranslatable(`dtype ${JSON.stringify(name ?? dtype)?.slice(0, 60)} is not supported`);
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}
