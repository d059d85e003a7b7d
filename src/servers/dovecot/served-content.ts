/*
 * What `doveadm -f tab fetch "mailbox uid size.physical text"` prints: a line that names the columns,
 * then for each message
 *
 *   mailbox TAB uid TAB size TAB <size bytes, as they are> TAB LF
 *
 * A mailbox's name is escaped as in every table of doveadm; the message is not, so that only its size
 * says where it ends.
 */
import { createHash, type Hash } from "node:crypto";
import { type Served, unescapeCell } from "./served-listing.ts";

/** Of a mailbox's name with two numbers; a longer one is none. */
const longestLead = 64 * 1024;
const tab = 0x09;
const lineFeed = 0x0a;

type OpenMessage = { readonly mailbox: string; readonly uid: number; readonly hash: Hash };

/** Reads that output as it comes, and gives each message of `served` its digest. */
export class ServedContent {
  readonly #served: Served;
  #lead: number[] = [];
  #isTitle = true;
  #tabs = 0;
  #message: OpenMessage | undefined;
  #leftBytes = 0;
  /** What is expected after a message. */
  #tail: readonly number[] = [];
  #count = 0;
  #broken: string | undefined;

  constructor(served: Served) {
    this.#served = served;
  }

  /** Why what was printed is not understood, one sentence; undefined after a whole number of messages. */
  get broken(): string | undefined {
    if (this.#broken !== undefined) return this.#broken;
    const isBetween = this.#message === undefined && this.#lead.length === 0;
    return isBetween && this.#tail.length === 0 ? undefined : this.#brokenAt("the end came early");
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#broken === undefined;) {
      if (this.#message !== undefined) at += this.#hash(bytes.subarray(at));
      else if (this.#tail.length > 0) this.#expect(bytes[at++] as number);
      else this.#read(bytes[at++] as number);
    }
  }

  #hash(bytes: Uint8Array): number {
    const { mailbox, uid, hash } = this.#message as OpenMessage;
    const piece = bytes.subarray(0, this.#leftBytes);
    hash.update(piece);
    this.#leftBytes -= piece.length;
    if (this.#leftBytes > 0) return piece.length;
    this.#served.get(mailbox)?.digests.set(uid, hash.digest("base64"));
    this.#message = undefined;
    this.#tail = [tab, lineFeed];
    this.#count++;
    return piece.length;
  }

  #expect(byte: number): void {
    const [expected, ...rest] = this.#tail;
    if (byte !== expected) this.#broken = this.#brokenAt("it is longer or shorter than its size");
    this.#tail = rest;
  }

  #read(byte: number): void {
    this.#lead.push(byte);
    if (this.#lead.length > longestLead) {
      this.#broken = this.#brokenAt("its name has no end");
      return;
    }
    if (this.#isTitle) {
      if (byte !== lineFeed) return;
      this.#isTitle = false;
      this.#lead = [];
      return;
    }
    if (byte !== tab) return;
    if (++this.#tabs === 3) this.#begin();
  }

  #begin(): void {
    const [mailbox = "", uid = "", size = ""] = Buffer.from(this.#lead)
      .toString("utf8")
      .split("\t");
    this.#lead = [];
    this.#tabs = 0;
    if (!/^\d+$/.test(uid) || !/^\d+$/.test(size)) {
      this.#broken = this.#brokenAt("its UID or size is no number");
      return;
    }
    this.#leftBytes = Number(size);
    const message = {
      mailbox: unescapeCell(mailbox),
      uid: Number(uid),
      hash: createHash("sha256"),
    };
    this.#message = message;
    if (this.#leftBytes === 0) this.#hash(new Uint8Array());
  }

  #brokenAt(why: string): string {
    return `The server's utility printed no readable content of a message after ${this.#count} that it did: ${why}.`;
  }
}
