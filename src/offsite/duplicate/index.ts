/**
 * offsite/duplicate: duplicate backup copies to offsite (paper §2.2.2, remote vaulting) in another
 * repository, on another host or folder.
 */
export { duplicateCopy, type DuplicateCopyOptions } from "./duplicate-copy.ts";
export { duplicateOffsite, type DuplicateOffsiteOptions } from "./duplicate-offsite.ts";
