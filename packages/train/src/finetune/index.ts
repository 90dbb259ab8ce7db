/**
 * Fine-tuning of ONNX files: recipes that train what others exported.
 *
 * @module @onnx-forge/train/finetune
 */

export { type FineTuningSettings, fineTuning } from './fine-tuning.js';
export { FINE_TUNING_LOSSES, type FineTuningLoss } from './losses.js';
export { type ImageMapModel, type ImageMapServe, imageMap } from './tasks/image-map.js';
