/**
 * Recipes, the tensors of their batches, their data.
 *
 * @module @onnx-forge/train/recipe
 */

export { recipeData } from './data.js';
export { type BatchInput, type InputSpec, prepareInputs } from './inputs.js';
export * from './recipe.js';
