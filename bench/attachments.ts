import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { createRandom, type Random } from "../src/cli/demo/index.ts";
import type { Attachment } from "./mail-parts.ts";
import { walkFiles } from "./store.ts";

const PHOTO_SHARE = 0.5;
const OFFICE_SHARE = 0.3;
const REUSED_SHARE = 0.2;
const SECOND_SHARE = 0.25;
const MEDIAN_BYTES = 47_750;
/** Of the lognormal distribution of sizes. */
const SPREAD = 1.05;
const [SMALLEST_BYTES, LARGEST_BYTES] = [4000, 3_000_000];
const TEXT_POOL_BYTES = 12_000_000;

/**
 * Makes attachments like those in business mail, deterministically:
 * 50 % photos (a JPEG header and bytes that do not compress), 30 % office documents (a zip member:
 * deflated text), 20 % plain text. The text is documentation and declarations from node_modules
 * (the pinned packages typescript, @types/node, zod: Apache-2.0 and MIT). Sizes are lognormal.
 */
export class AttachmentMaker {
  readonly #random: Random;
  /** Of its own, so that sizes and choices do not depend on how many bytes were made before. */
  readonly #content: Random = createRandom(773);
  readonly #text: Buffer;
  readonly #sent: Attachment[] = [];
  #made = 0;
  #reused = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#text = readTextPool();
  }

  get about(): string {
    return `with ${this.#made} different attachments, ${this.#reused} of them sent a second time`;
  }

  /** What one message carries: one attachment, sometimes two; some were sent before. */
  make(): readonly Attachment[] {
    const count = this.#random.fraction() < SECOND_SHARE ? 2 : 1;
    return Array.from({ length: count }, () => this.#reuse() ?? this.#makeOne());
  }

  #reuse(): Attachment | undefined {
    if (this.#sent.length === 0 || this.#random.fraction() >= REUSED_SHARE) return undefined;
    this.#reused += 1;
    return this.#sent.splice(this.#random.integer(this.#sent.length), 1)[0];
  }

  #makeOne(): Attachment {
    const random = this.#random;
    const size = chooseSize(random);
    const kind = random.fraction();
    this.#made += 1;
    const attachment = this.#makeKind(kind, size);
    this.#sent.push(attachment);
    return attachment;
  }

  #makeKind(kind: number, size: number): Attachment {
    const number = this.#made;
    if (kind < PHOTO_SHARE) {
      const head = Buffer.from("ffd8ffe000104a46494600010100004800480000", "hex");
      const bytes = Buffer.concat([head, this.#content.bytes(size), Buffer.from("ffd9", "hex")]);
      return { name: `photo-${number}.jpg`, type: "image/jpeg", bytes };
    }
    if (kind < PHOTO_SHARE + OFFICE_SHARE) {
      // Text deflates to about a quarter.
      const head = Buffer.from("504b0304140000000800", "hex");
      const bytes = Buffer.concat([head, deflateRawSync(this.#slice(size * 4))]).subarray(0, size);
      return { name: `report-${number}.docx`, type: "application/octet-stream", bytes };
    }
    return { name: `notes-${number}.txt`, type: "text/plain", bytes: this.#slice(size) };
  }

  /** Text that no other attachment has from the same place: pieces of the pool in another order. */
  #slice(size: number): Buffer {
    const pieces: Buffer[] = [];
    for (let left = size; left > 0; left -= pieces.at(-1)?.length ?? left) {
      const at = this.#content.integer(this.#text.length - 1);
      pieces.push(this.#text.subarray(at, at + Math.min(left, 2000 + this.#content.integer(6000))));
    }
    return Buffer.concat(pieces);
  }
}

function chooseSize(random: Random): number {
  // Box–Muller.
  const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()));
  const normal = radius * Math.cos(2 * Math.PI * random.fraction());
  const size = Math.round(MEDIAN_BYTES * Math.exp(SPREAD * normal));
  return Math.min(LARGEST_BYTES, Math.max(SMALLEST_BYTES, size));
}

function readTextPool(): Buffer {
  const modules = join(import.meta.dirname, "../node_modules");
  const pieces: Buffer[] = [];
  let total = 0;
  for (const name of ["@types/node", "zod", "typescript"]) {
    for (const { folder, name: file } of walkFiles(join(modules, name))) {
      if (total > TEXT_POOL_BYTES) break;
      if (!/\.(ts|md|txt)$/.test(file)) continue;
      const bytes = readFileSync(join(folder, file));
      pieces.push(bytes);
      total += bytes.length;
    }
  }
  return Buffer.concat(pieces);
}
