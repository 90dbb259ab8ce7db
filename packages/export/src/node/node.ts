import { decodeBmp, decodeGif, decodeImage, decodeJpeg, decodePng } from './decode-image.js';
import { encodeJpeg, encodePng } from './encode-image.js';
import { summaryFileWriter, tensorBoard } from './tensorboard.js';
import { getMetaGraphsFromSavedModel, getNumOfSavedModels, loadSavedModel } from './tensorflow-saved-model.js';

/** The functions of `tf.node` in tfjs-node. */
export const node: {
  readonly decodeImage: typeof decodeImage;
  readonly decodeBmp: typeof decodeBmp;
  readonly decodeGif: typeof decodeGif;
  readonly decodePng: typeof decodePng;
  readonly decodeJpeg: typeof decodeJpeg;
  readonly encodeJpeg: typeof encodeJpeg;
  readonly encodePng: typeof encodePng;
  readonly summaryFileWriter: typeof summaryFileWriter;
  readonly tensorBoard: typeof tensorBoard;
  readonly getMetaGraphsFromSavedModel: typeof getMetaGraphsFromSavedModel;
  readonly getNumOfSavedModels: typeof getNumOfSavedModels;
  readonly loadSavedModel: typeof loadSavedModel;
} = {
  decodeImage,
  decodeBmp,
  decodeGif,
  decodePng,
  decodeJpeg,
  encodeJpeg,
  encodePng,
  summaryFileWriter,
  tensorBoard,
  getMetaGraphsFromSavedModel,
  getNumOfSavedModels,
  loadSavedModel,
};
