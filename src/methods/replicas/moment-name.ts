/*
 *   FOLDER/replicas.json                       the mark of a folder of replicas
 *   FOLDER/GROUP/group.json                    the group's own name, its generation, its last sequence
 *   FOLDER/GROUP/SEQUENCE-TIME/moment.json     written last: what has none is no moment
 *   FOLDER/GROUP/SEQUENCE-TIME/listing.gz      what was kept, entry by entry
 *   FOLDER/GROUP/SEQUENCE-TIME/store/          the replica
 */
import { createHash } from "node:crypto";
import type { RawName } from "#image";

export const markName: RawName = "replicas.json" as RawName;
export const groupFileName: RawName = "group.json" as RawName;
export const momentFileName: RawName = "moment.json" as RawName;
export const listingName: RawName = "listing.gz" as RawName;
export const storeName: RawName = "store" as RawName;
export const lockName: RawName = ".lock" as RawName;

const longestName = 200;
const sequenceDigits = 8;
const pattern = /^(\d{8,15})-[0-9TZ+-]{1,30}$/;

/** A name for a folder that no other group has: letters, digits, "-" and "_" as they are, any other byte as %XX. */
export function groupFolderName(group: string): RawName {
  const bytes = Buffer.from(group, "utf8");
  let name = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    name += /[A-Za-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
  }
  if (name !== "" && name.length <= longestName) return name as RawName;
  // "~" is in no other name.
  return `${name.slice(0, 100)}~${createHash("sha256").update(bytes).digest("hex")}` as RawName;
}

/** 00000012-20260723T140307Z: the sequence orders, the time is for people. */
export function momentName(sequence: number, atNs: bigint): RawName {
  const milliseconds = Math.min(Math.max(Number(atNs / 1_000_000n), -8.64e15), 8.64e15);
  const time = new Date(milliseconds).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return `${String(sequence).padStart(sequenceDigits, "0")}-${time}` as RawName;
}

export function sequenceOf(name: RawName): number | undefined {
  const [, digits] = pattern.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The two folders of a moment's ID; undefined of anything else, above all of a path that leads elsewhere. */
export function partsOfId(id: string): readonly [group: RawName, moment: RawName] | undefined {
  const [group, moment, ...more] = id.split("/") as RawName[];
  if (group === undefined || moment === undefined || more.length > 0) return undefined;
  if (!/^[A-Za-z0-9_%~-]+$/.test(group) || sequenceOf(moment) === undefined) return undefined;
  return [group, moment];
}
