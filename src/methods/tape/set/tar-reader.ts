/**
 * Members of an archive on tape, one after the other, without an index. Where a block is damaged the archive goes on at
 * the next header that can be read; what lies between is told.
 */
import { createHash } from "node:crypto";
import type { Barcode } from "../drive/index.ts";
import {
  longestExtendedHeaderBytes,
  memberOfHeaders,
  paddingOf,
  parsePaxRecords,
  parseUstar,
  tarBlockBytes,
  type TarMember,
} from "../format/index.ts";
import { isTapeError } from "../tape-error.ts";
import type { TapeReader } from "./tape-reader.ts";

export type TarFile = {
  readonly reader: TapeReader;
  readonly barcode: Barcode;
  readonly file: number;
  readonly blockBytes: number;
  readonly signal?: AbortSignal | undefined;
};

export type FoundMember = {
  readonly kind: "member";
  readonly member: TarMember;
  readonly offset: number;
  readonly dataOffset: number;
};

export type TarStep =
  | FoundMember
  /** Of the whole archive. */
  | { readonly kind: "comment"; readonly text: string }
  /** So many bytes from here on hold nothing that can be read as members. */
  | { readonly kind: "damage"; readonly offset: number; readonly lengthBytes: number };

/** Content is passed over: read it by its offset. Ends at the end of the archive, or where the file ends. */
export async function* readTar(file: TarFile): AsyncGenerator<TarStep, void, undefined> {
  let offset = 0;
  for (;;) {
    const step = await stepAt(file, offset);
    switch (step.kind) {
      case "end":
        return;
      case "damage": {
        const next = await resynchronise(file, step.behind);
        yield { kind: "damage", offset, lengthBytes: (next ?? step.behind) - offset };
        if (next === undefined) return;
        offset = next;
        break;
      }
      case "member":
      case "comment":
        yield step.found;
        offset = step.next;
        break;
    }
  }
}

/** Content with its digest, in pieces of at most a mebibyte. Throws what TapeReader throws. */
export async function sha256OfMember(file: TarFile, found: FoundMember): Promise<string> {
  const hash = createHash("sha256");
  const { sizeBytes } = found.member;
  for (let done = 0; done < sizeBytes;) {
    const lengthBytes = Math.min(1024 * 1024, sizeBytes - done);
    hash.update(await readAt(file, found.dataOffset + done, lengthBytes));
    done += lengthBytes;
  }
  return hash.digest("hex");
}

type Step =
  | { readonly kind: "end" }
  | { readonly kind: "damage"; readonly behind: number }
  | { readonly kind: "member"; readonly found: FoundMember; readonly next: number }
  | {
      readonly kind: "comment";
      readonly found: { readonly kind: "comment"; readonly text: string };
      readonly next: number;
    };

async function stepAt(file: TarFile, offset: number): Promise<Step> {
  const block = await readOrHole(file, offset, tarBlockBytes);
  if (block === "end") return { kind: "end" };
  if (block === "hole") return { kind: "damage", behind: behindTapeBlock(file, offset) };
  const broken = { kind: "damage", behind: offset + tarBlockBytes } as const;
  if (block.every((byte) => byte === 0)) return { kind: "end" };
  const header = parseUstar(block);
  if (header === undefined || !["x", "g"].includes(header.typeFlag)) return broken;
  if (header.sizeBytes > longestExtendedHeaderBytes) return broken;
  const extended = await readOrHole(file, offset + tarBlockBytes, header.sizeBytes);
  if (typeof extended === "string") return broken;
  const behind = offset + tarBlockBytes + header.sizeBytes + paddingOf(header.sizeBytes);
  if (header.typeFlag === "g") {
    const text = parsePaxRecords(extended)?.get("comment")?.toString() ?? "";
    return { kind: "comment", found: { kind: "comment", text }, next: behind };
  }
  const second = await readOrHole(file, behind, tarBlockBytes);
  const ustar = typeof second === "string" ? undefined : parseUstar(second);
  const member = ustar === undefined ? undefined : memberOfHeaders(ustar, extended);
  if (member === undefined) return broken;
  const dataOffset = behind + tarBlockBytes;
  const next = dataOffset + member.sizeBytes + paddingOf(member.sizeBytes);
  return { kind: "member", found: { kind: "member", member, offset, dataOffset }, next };
}

/** The next place with an extended header, with which each of our members begins. */
async function resynchronise(file: TarFile, from: number): Promise<number | undefined> {
  for (let offset = from; ;) {
    const block = await readOrHole(file, offset, tarBlockBytes);
    if (block === "end") return undefined;
    if (block === "hole") {
      offset = behindTapeBlock(file, offset);
      continue;
    }
    if (parseUstar(block)?.typeFlag === "x") {
      const step = await stepAt(file, offset);
      if (step.kind === "member") return offset;
    }
    offset += tarBlockBytes;
  }
}

function behindTapeBlock({ blockBytes }: TarFile, offset: number): number {
  return (Math.floor(offset / blockBytes) + 1) * blockBytes;
}

async function readOrHole(
  file: TarFile,
  offset: number,
  lengthBytes: number,
): Promise<Buffer | "hole" | "end"> {
  try {
    return await readAt(file, offset, lengthBytes);
  } catch (error) {
    if (isTapeError(error, "methods.tape-block-damaged")) return "hole";
    if (isTapeError(error, "methods.tape-end-of-data")) return "end";
    throw error;
  }
}

async function readAt(file: TarFile, offset: number, lengthBytes: number): Promise<Buffer> {
  const { reader, barcode, file: number, signal } = file;
  return await reader.read({ barcode, file: number, offset, lengthBytes, signal });
}
