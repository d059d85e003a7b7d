/*
 * What `doveadm -f pager fetch "mailbox uid size.physical text"` prints: for each message
 *
 *   "mailbox: " name LF "uid: " digits LF "size.physical: " digits LF "text:" LF <size bytes, as they are>
 *
 * with FF LF between two of them. Only its size says where a message ends. (The table of `-f tab` has a
 * tab before each piece of a message that the server reads, so that its bytes are not those of the mail.)
 */
import { createHash, type Hash } from "node:crypto";
import type { Served } from "./served-listing.ts";

/** Of the lines before a message: a mailbox's name and two numbers. */
const longestLead = 64 * 1024;
const lead = /^mailbox: (.*)\nuid: (\d+)\nsize\.physical: (\d+)\ntext:\n$/s;
const leadEnd = Buffer.from("\ntext:\n");
const between = Buffer.from("\f\n");

type OpenMessage = { readonly mailbox: string; readonly uid: number; readonly hash: Hash };

/** Reads that output as it comes, and gives each message of `served` its digest. */
export class ServedContent {
  readonly #served: Served;
  #lead: number[] = [];
  #message: OpenMessage | undefined;
  #leftBytes = 0;
  #count = 0;
  #broken: string | undefined;

  constructor(served: Served) {
    this.#served = served;
  }

  /** Why what was printed is not understood, one sentence; undefined after a whole number of messages. */
  get broken(): string | undefined {
    if (this.#broken !== undefined) return this.#broken;
    const isBetween = this.#message === undefined && this.#lead.length === 0;
    return isBetween ? undefined : this.#brokenAt("the end came early");
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#broken === undefined;) {
      if (this.#message !== undefined) at += this.#hash(this.#message, bytes.subarray(at));
      else this.#read(bytes[at++] as number);
    }
  }

  #hash({ mailbox, uid, hash }: OpenMessage, bytes: Uint8Array): number {
    const piece = bytes.subarray(0, this.#leftBytes);
    hash.update(piece);
    this.#leftBytes -= piece.length;
    if (this.#leftBytes > 0) return piece.length;
    this.#served.get(mailbox)?.digests.set(uid, hash.digest("base64"));
    this.#message = undefined;
    this.#count++;
    return piece.length;
  }

  #read(byte: number): void {
    this.#lead.push(byte);
    const { length } = this.#lead;
    if (this.#count > 0 && length <= between.length && byte !== between[length - 1])
      this.#broken = this.#brokenAt("it is longer or shorter than its size");
    else if (length > longestLead) this.#broken = this.#brokenAt("its name has no end");
    else if (byte === leadEnd.at(-1) && endsWith(this.#lead, leadEnd)) this.#begin();
  }

  #begin(): void {
    const skipped = this.#count > 0 ? between.length : 0;
    const text = Buffer.from(this.#lead.slice(skipped)).toString("utf8");
    const [, mailbox, uid, size] = lead.exec(text) ?? [];
    this.#lead = [];
    if (mailbox === undefined) {
      this.#broken = this.#brokenAt("its mailbox, UID or size is missing");
      return;
    }
    const message = { mailbox, uid: Number(uid), hash: createHash("sha256") };
    this.#leftBytes = Number(size);
    this.#message = message;
    if (this.#leftBytes === 0) this.#hash(message, new Uint8Array());
  }

  #brokenAt(why: string): string {
    return `The server's utility printed no readable content of a message after ${this.#count} that it did: ${why}.`;
  }
}

function endsWith(bytes: readonly number[], end: Uint8Array): boolean {
  const from = bytes.length - end.length;
  return from >= 0 && end.every((byte, index) => bytes[from + index] === byte);
}
