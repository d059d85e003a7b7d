import {
  listIfThere,
  type Entry,
  joinRawPath,
  type Listing,
  type RawName,
  type RawPath,
} from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { complainOf, type DboxAccountFiles, storageName } from "./dbox-account-files.ts";
import { MdboxMap } from "./mdbox-map.ts";
import { type ScannedMessage, scanDboxFile } from "./scan-dbox-file.ts";

export type MailFile = { readonly id: number; readonly path: RawPath; readonly entry: Entry };

/** All messages of an mdbox account as they were found without its map. */
export type Scan = {
  readonly messages: readonly (ScannedMessage & {
    readonly fileId: number;
    readonly path: RawPath;
  })[];
  readonly problems: readonly MailProblem[];
};

/** What the mailboxes of an mdbox account share: `storage/` with `m.<N>` and the map. Read once, when it is asked for. */
export class MdboxStorage {
  readonly #files: DboxAccountFiles;
  readonly folder: RawPath;
  #map: Promise<MdboxMap> | undefined;
  #mailFiles: Promise<ReadonlyMap<number, MailFile>> | undefined;
  #scan: Promise<Scan> | undefined;
  readonly #problems: MailProblem[] = [];

  constructor(files: DboxAccountFiles) {
    this.#files = files;
    this.folder = joinRawPath(files.root, storageName);
  }

  /** Of listing `storage/`, once it is listed. */
  get problems(): readonly MailProblem[] {
    return this.#problems;
  }

  async map(): Promise<MdboxMap> {
    this.#map ??= MdboxMap.read(this.#files, this.folder);
    return await this.#map;
  }

  /** By number; one in its first place counts, not that in ALT storage. Throws ImageError. */
  async mailFiles(): Promise<ReadonlyMap<number, MailFile>> {
    this.#mailFiles ??= this.#listMailFiles();
    return await this.#mailFiles;
  }

  /** Every message of every file, found without the map. */
  async scan(): Promise<Scan> {
    this.#scan ??= this.#scanAll();
    return await this.#scan;
  }

  async #listMailFiles(): Promise<ReadonlyMap<number, MailFile>> {
    const found = new Map<number, MailFile>();
    const take = (listing: Listing, folder: RawPath): void => {
      complainOf(listing, this.#problems);
      for (const entry of listing) {
        const id = fileIdOf(entry.name);
        if (id === undefined || found.has(id) || entry.type !== "file") continue;
        found.set(id, { id, path: joinRawPath(folder, entry.name), entry });
      }
    };
    take(await this.#files.image.list(this.folder), this.folder);
    const alt = await this.#files.altFolder(this.folder);
    const altListing = alt === undefined ? undefined : await listIfThere(this.#files.image, alt);
    if (alt !== undefined && altListing !== undefined) take(altListing, alt);
    return found;
  }

  async #scanAll(): Promise<Scan> {
    const problems: MailProblem[] = [];
    const messages: Scan["messages"][number][] = [];
    const mailFiles = [...(await this.mailFiles()).values()].sort((a, b) => a.id - b.id);
    for (const { id, path, entry } of mailFiles) {
      const scanned = await scanDboxFile(this.#files.image, { path, sizeBytes: entry.sizeBytes });
      for (const message of scanned.messages) messages.push({ ...message, fileId: id, path });
      for (const text of scanned.damage) addProblem(problems, "damaged", `m.${id}: ${text}`);
    }
    return { messages, problems };
  }
}

function fileIdOf(name: RawName): number | undefined {
  if (!/^m\.[1-9][0-9]{0,9}$/.test(name)) return undefined;
  const id = Number(name.slice(2));
  return id <= 0xffff_ffff ? id : undefined;
}
