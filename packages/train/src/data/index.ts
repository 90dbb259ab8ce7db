/**
 * Data sets: readers, sources, preparation, augmentation, the sets that are known by name.
 *
 * @module @onnx-forge/train/data
 */

export { words } from '@onnx-forge/infer';
export * from './augment/index.js';
export * from './batches.js';
export * from './data-set.js';
export * from './define.js';
export * from './description.js';
export * from './errors.js';
export * from './facts.js';
export * from './fields.js';
export { parseAmat } from './formats/amat.js';
export { type ArchiveEntry, readArchive } from './formats/archive.js';
export { type CifarRecords, parseCifar } from './formats/cifar.js';
export { type FileContent, isGzip, readUnpacked, unpack } from './formats/gzip.js';
export { type IdxArray, parseIdx } from './formats/idx.js';
export { decodeImage } from './formats/image.js';
export { decodeJpeg } from './formats/jpeg.js';
export { type LabelledTexts, parseLabelledTexts } from './formats/labelled-texts.js';
export { parseLines, type TextEncoding } from './formats/lines.js';
export { type MatArray, parseMat } from './formats/mat.js';
export { type NpyArray, parseNpy, parseNpz } from './formats/npy.js';
export { type ParquetTable, parseParquet } from './formats/parquet.js';
export { parsePgm } from './formats/pgm.js';
export { decodePng } from './formats/png.js';
export type { RasterImage } from './formats/raster.js';
export { readTar, type TarEntry } from './formats/tar.js';
export * from './prepare/binarise.js';
export * from './prepare/characters.js';
export * from './prepare/choose.js';
export * from './prepare/folds.js';
export { splitGroups } from './prepare/groups.js';
export * from './prepare/identities.js';
export { fitImages, resample, type Size } from './prepare/resample.js';
export * from './prepare/sentence-pairs.js';
export * from './prepare/take.js';
export * from './prepare/vocabulary.js';
export { parsePairs, type SentencePair, tutorialPairs } from './sets/eng-fra.js';
export { describeDataSet } from './sets/registry.js';
export { parseSvhn } from './sets/svhn.js';
export { requireSoundData } from './sound.js';
export { DATA_SOURCES, openDataSet, openReference, referTo } from './sources/open.js';
export type { DataSource, OpenContext, OpenedData } from './sources/source.js';
export { type Fractions, SPLIT_RULES, type SplitRule } from './sources/split.js';
export * from './store/fetch.js';
export type { FileCheck, FileStatus } from './store/files.js';
export * from './store/list.js';
export * from './store/load.js';
export * from './store/verify.js';
export { type DataSummary, type DuplicateSummary, type FieldSummary, summariseData } from './summary.js';
export { drawShape, SHAPES } from './synthetic/shape.js';
export { pick } from './views.js';
