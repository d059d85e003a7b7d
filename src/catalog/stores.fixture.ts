/** Small mail stores as they were at moments, for tests. */
import { ImageError, memoryImage, type Image, type MemoryNode } from "#image";
import type { FillableMoment, FillSource } from "./fill/fill-catalog.ts";

export type StoredMail = {
  /** Which message: those of one number are the same. */
  readonly number: number;
  /** Tells copies within a mailbox apart. */
  readonly copy?: number;
  readonly flags?: string;
  readonly uid?: number;
};

/** A mailbox: its mail; or that it cannot be listed. */
export type StoredBox = readonly StoredMail[] | "unlistable";

/** "ada/INBOX" or "ada/Archive" → its mail. */
export type StoreAt = Readonly<Record<string, StoredBox>>;

export type MomentAt = {
  readonly store: StoreAt;
  /** Paths that the capture lacked. */
  readonly missing?: readonly string[];
  /** The moment cannot be opened. */
  readonly isDamaged?: true;
};

const minute = 60_000_000_000n;
export const firstNs: bigint = BigInt(Date.UTC(2026, 10, 20, 12)) * 1_000_000n;

export function messageText(number: number): string {
  const day = String((number % 27) + 1).padStart(2, "0");
  return [
    `From: Sender ${number} <sender${number}@example.org>`,
    "To: Ada Example <ada@example.org>",
    `Subject: Subject number${number} ${number % 2 === 0 ? "even" : "odd"}`,
    `Date: ${day} Oct 2026 10:00:00 +0000`,
    `Message-ID: <${number}@example.org>`,
    "",
    `The text of message${number}, about things.`,
    "",
  ].join("\n");
}

export function momentOf(number: number, group = "/mail"): FillableMoment {
  return {
    id: `moment${number}`,
    group,
    hostname: "mx1",
    paths: ["/mail"],
    atNs: firstNs + BigInt(number) * minute,
  };
}

export function imageOf(store: StoreAt): Image {
  const nodes: Record<string, MemoryNode | string> = { "other/note": "no mail" };
  for (const [place, box] of Object.entries(store)) {
    const [owner = "", name = ""] = place.split("/");
    const folder = name === "INBOX" ? owner : `${owner}/.${name}`;
    nodes[`${folder}/new`] = { type: "directory" };
    if (box === "unlistable") {
      // Another folder has another fingerprint.
      nodes[`${folder}/cur/of another time`] = "";
      nodes[`${folder}/cur`] = {
        type: "directory",
        failure: new ImageError("image.unlistable", `Cannot list "${folder}/cur": EIO`),
      };
      continue;
    }
    nodes[`${folder}/cur`] = { type: "directory" };
    const uids: string[] = [];
    for (const { number, copy = 0, flags = "S", uid } of box) {
      const base = `${number}.M${copy}.mx1`;
      if (uid !== undefined) uids.push(`${uid} :${base}`);
      nodes[`${folder}/cur/${base}:2,${flags}`] = {
        bytes: messageText(number),
        mtimeNs: firstNs - BigInt(number) * minute,
      };
    }
    if (uids.length > 0) nodes[`${folder}/dovecot-uidlist`] = `3 V1 N100 G00\n${uids.join("\n")}\n`;
  }
  return memoryImage(nodes);
}

/** Opens moments by their ID, of those that are given. */
export function opener(
  moments: ReadonlyMap<string, MomentAt>,
  wrap: (image: Image) => Image = (image) => image,
): (moment: FillableMoment) => Promise<FillSource> {
  return async ({ id }) => {
    const moment = moments.get(id);
    if (moment === undefined || moment.isDamaged === true)
      throw new ImageError("image.unreadable", `Cannot open "${id}": it is damaged`);
    return { image: wrap(imageOf(moment.store)), missing: moment.missing ?? [] };
  };
}
