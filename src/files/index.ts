/**
 * files: writing a file so that it survives a power cut, whole or not at all.
 */
export { writeDurably, syncFolder, type DurableWriteOptions } from "./durable-file.ts";
