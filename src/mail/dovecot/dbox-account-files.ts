import {
  listIfThere,
  type Image,
  joinRawPath,
  type Listing,
  rawBaseName,
  rawParent,
  type RawName,
  type RawPath,
} from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { AttachmentFolder } from "./attachment-folder.ts";
import type { DboxPlaces } from "./dbox-places.ts";

export const dboxMailsName = "dbox-Mails" as RawName;
export const mailboxesName = "mailboxes" as RawName;
export const storageName = "storage" as RawName;
export const indexPrefix = "dovecot.index";
const altLinkName = "dbox-alt-root" as RawName;

/** Where the parts of one account are. */
export class DboxAccountFiles {
  readonly image: Image;
  readonly root: RawPath;
  readonly places: DboxPlaces;
  /** The folder of a mailbox that holds its messages. */
  readonly mailsName: RawName;
  readonly attachments: AttachmentFolder;
  #alt: Promise<RawPath | undefined> | undefined;

  constructor(image: Image, root: RawPath, places: DboxPlaces = {}) {
    this.image = image;
    this.root = root;
    this.places = places;
    this.mailsName = places.directoryName ?? dboxMailsName;
    this.attachments = new AttachmentFolder(image, root, places.attachments);
  }

  /** The folder with an index: its own, or its counterpart below INDEX=, where there is no `dbox-Mails`. */
  indexFolder(folder: RawPath): RawPath {
    if (this.places.index === undefined) return folder;
    const mailbox = rawBaseName(folder) === this.mailsName ? rawParent(folder) : folder;
    return counterpart(mailbox, this.root, this.places.index);
  }

  /** The folder of a mailbox in its first place, of one that may be its counterpart in ALT storage. */
  async firstFolder(folder: RawPath): Promise<RawPath> {
    const alt = await this.altRoot();
    return alt !== undefined && folder.startsWith(`${alt}/`)
      ? counterpart(folder, alt, this.root)
      : folder;
  }

  /** The same folder in ALT storage; undefined where there is none. */
  async altFolder(folder: RawPath): Promise<RawPath | undefined> {
    const alt = await this.altRoot();
    return alt === undefined ? undefined : counterpart(folder, this.root, alt);
  }

  /** ALT storage; undefined where there is none. Throws ImageError. */
  async altRoot(): Promise<RawPath | undefined> {
    this.#alt ??= this.#findAlt();
    return await this.#alt;
  }

  /** Dovecot leaves a symbolic link to the ALT storage; it counts where it points into the Image. */
  async #findAlt(): Promise<RawPath | undefined> {
    if (this.places.alt !== undefined) return this.places.alt;
    const listing = await this.image.list(this.root);
    const index = listing.indexOf(altLinkName);
    const target = index < 0 ? undefined : listing.entry(index).linkTarget;
    if (target === undefined) return undefined;
    const absolute = target.startsWith("/") ? target.slice(1) : joinRawPath(this.root, target);
    const parts = normalized(absolute as RawPath);
    // Where the Image's top lay on its server is not known: its end of the path counts.
    const first = target.startsWith("/") ? parts.length : 1;
    for (let from = 0; from < first; from++) {
      const path = parts.slice(from).join("/") as RawPath;
      if (path === "" || path === this.root) continue;
      const folder = await listIfThere(this.image, path);
      if (folder === undefined) continue;
      if (folder.indexOf(mailboxesName) >= 0 || folder.indexOf(storageName) >= 0) return path;
    }
    return undefined;
  }
}

/** What a listing could not describe are problems of the mailbox. */
export function complainOf(listing: Listing, problems: MailProblem[]): void {
  for (const problem of listing.problems) addProblem(problems, "unreadable", problem.message);
}

function counterpart(folder: RawPath, root: RawPath, otherRoot: RawPath): RawPath {
  if (root === otherRoot) return folder;
  const below = root === "" ? folder : folder.slice(root.length + 1);
  return joinRawPath(otherRoot, below as RawPath);
}

function normalized(path: RawPath): readonly string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}
