export { augmentation, type ImageChange, type ImageShape, randomly } from './augmentation.js';
export { adjustBrightness, adjustContrast, adjustHue, adjustSaturation, grayscale } from './colour.js';
export { type ColourJitterOptions, colourJitter } from './colour-jitter.js';
export { horizontalFlip } from './horizontal-flip.js';
export { type RandomAffineOptions, randomAffine } from './random-affine.js';
export { type RandomLightOptions, randomLight } from './random-light.js';
export {
  type Box,
  drawBox,
  type RandomResizedCropOptions,
  randomResizedCrop,
  resizedCrop,
} from './random-resized-crop.js';
