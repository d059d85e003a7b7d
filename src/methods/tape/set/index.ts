/**
 * methods/tape/set: one backup on its tapes: writing it, reading it back, finding it again by labels, and opening it as
 * an Image.
 */
export { IndexSpool, removeSpoolLeftovers } from "./index-spool.ts";
export { SetWriter, type SetWriterOptions, type TapeForWriting } from "./set-writer.ts";
export { type WrittenImage, writeImage, type WriteImageOptions } from "./write-image.ts";
export { labelledEndFile, writeLabel } from "./write-label.ts";
export {
  checkVolumeLabel,
  foreignTape,
  type Survey,
  type SurveyedFile,
  surveyRest,
  surveyTape,
} from "./survey-tape.ts";
export { TapeReader, type TapeReaderOptions } from "./tape-reader.ts";
export { readTar, type TarStep } from "./tar-reader.ts";
export { loadSet, type LoadedSet, readManifest, salvageMembers } from "./load-set.ts";
export { SetImage } from "./set-image.ts";
