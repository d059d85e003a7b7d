/**
 * files: writing a file so that it survives a power cut, whole or not at all, which
 * process a file belongs to, and calls of the system that Node does not have.
 */
export { writeDurably, syncFolder, type DurableWriteOptions } from "./durable-file.ts";
export { addressOf, openNativeLibrary } from "./native-library.ts";
export { processMark, isSurelyDead } from "./process-mark.ts";
