export { augmentation, type ImageChange, type ImageShape, randomly } from './augmentation.js';
export { adjustBrightness, adjustContrast, adjustHue, adjustSaturation, grayscale } from './colour.js';
export { type ColourJitterOptions, colourJitter } from './colourJitter.js';
export { horizontalFlip } from './horizontalFlip.js';
export { type RandomAffineOptions, randomAffine } from './randomAffine.js';
export { type RandomLightOptions, randomLight } from './randomLight.js';
export {
  type Box,
  drawBox,
  type RandomResizedCropOptions,
  randomResizedCrop,
  resizedCrop,
} from './randomResizedCrop.js';
