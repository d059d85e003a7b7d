import { displayPath, type Image, joinRawPath, rawParent, type RawPath } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import type {
  MailAccount,
  ReadMessageOptions,
  StoredMailbox,
  StoredMessage,
} from "../mail-store.ts";
import { DboxAccountFiles, indexPrefix, mailboxesName, storageName } from "./dbox-account-files.ts";
import { type DboxFolder, findDboxFolders } from "./dbox-folders.ts";
import type { DboxPlaces } from "./dbox-places.ts";
import { readDboxSubscriptions } from "./dbox-subscriptions.ts";
import type { MailIndex } from "./index/mail-index.ts";
import { indexFiles, readMailIndex } from "./index/read-mail-index.ts";
import { MdboxMailboxes } from "./mdbox-mailboxes.ts";
import { MdboxStorage } from "./mdbox-storage.ts";
import { type DboxFile, openDboxFile, readDboxMessage } from "./read-message.ts";
import { readSdboxMessages } from "./sdbox-messages.ts";

export type OpenDboxOptions = {
  readonly layout: "sdbox" | "mdbox";
  readonly root: RawPath;
  readonly places?: DboxPlaces;
};

/** A user's sdbox or mdbox. Throws ImageError where its folder cannot be listed. */
export async function openDboxAccount(
  image: Image,
  options: OpenDboxOptions,
): Promise<MailAccount> {
  const { layout, root, places } = options;
  const files = new DboxAccountFiles(image, root, places);
  const alt = await files.altRoot();
  const mdbox =
    layout === "mdbox"
      ? new MdboxMailboxes({ files, storage: new MdboxStorage(files) })
      : undefined;
  const openFiles = new OpenFiles(image);
  const guids = new Map<RawPath, Promise<string | undefined>>();
  const guidOf = (folder: RawPath): Promise<string | undefined> => {
    const known = guids.get(folder) ?? readGuid(files, folder);
    guids.set(folder, known);
    return known;
  };
  return {
    layout,
    root,
    alsoIn: foldersBeside(files, alt),
    mailboxes: async (signal) => {
      const mailboxes: StoredMailbox[] = [];
      for (const folder of await findDboxFolders(files, signal))
        mailboxes.push(await readMailbox(files, { folder, layout, signal }));
      return mailboxes;
    },
    messages: (mailbox, signal) =>
      mdbox === undefined
        ? readSdboxMessages(files, mailbox.path, signal)
        : mdbox.read(mailbox.path, signal),
    read: (message, readOptions = {}) =>
      readMessage(files, { message, layout, guidOf, openFiles, readOptions }),
    subscriptions: () => readDboxSubscriptions(files),
  };
}

/** Folders of the account's own that lie outside its root; attachments are everybody's. */
function foldersBeside(
  { root, places: { index, control } }: DboxAccountFiles,
  alt: RawPath | undefined,
): readonly RawPath[] {
  const others = [alt, index, control].filter((path) => path !== undefined && path !== root);
  return [...new Set(others as readonly RawPath[])];
}

async function readMailbox(
  files: DboxAccountFiles,
  options: {
    readonly folder: DboxFolder;
    readonly layout: OpenDboxOptions["layout"];
    readonly signal: AbortSignal | undefined;
  },
): Promise<StoredMailbox> {
  const { folder, layout, signal } = options;
  const problems: MailProblem[] = [...folder.problems];
  const indexFolder = files.indexFolder(folder.path);
  const read = await readMailIndex(files.image, {
    folder: indexFolder,
    prefix: indexPrefix,
    problems,
    signal,
  });
  if (read.isDeleted) addProblem(problems, "index", "The server deleted this mailbox");
  const { index } = read;
  const { uidValidity, nextUid } = index.header;
  const guid = mailboxGuid(index);
  return {
    name: folder.name,
    path: folder.path,
    ...(uidValidity === 0 ? {} : { uidValidity, uidNext: nextUid }),
    ...(index.highestModseq === 0n ? {} : { highestModseq: index.highestModseq }),
    ...(guid === undefined ? {} : { guid }),
    dependsOn: await dependenciesOf(files, {
      folder: folder.path,
      layout,
      isWhole: !read.isDamaged && !read.isMissing,
    }),
    problems,
  };
}

/**
 * What the messages of a mailbox are read out of. A mailbox of mdbox depends on the whole of
 * `storage/`, as the map that moves its messages changes with every delivery to the account.
 */
async function dependenciesOf(
  files: DboxAccountFiles,
  {
    folder,
    layout,
    isWhole,
  }: {
    readonly folder: RawPath;
    readonly layout: OpenDboxOptions["layout"];
    readonly isWhole: boolean;
  },
): Promise<readonly RawPath[]> {
  const storage = joinRawPath(files.root, storageName);
  const store = layout === "sdbox" ? folder : storage;
  const alt = await files.altFolder(store);
  const indexes = indexFiles(files.indexFolder(folder), indexPrefix);
  const map = files.indexFolder(storage);
  return [
    ...(layout === "sdbox" && files.indexFolder(folder) === folder ? [] : indexes),
    store,
    ...(layout === "mdbox" && map !== storage ? indexFiles(map, "dovecot.map.index") : []),
    ...(alt === undefined ? [] : [alt]),
    // What others do not show is shown here.
    ...(layout === "mdbox" && !isWhole ? [joinRawPath(files.root, mailboxesName)] : []),
  ];
}

/** Of sdbox after its count of rebuilds, of mdbox after its map's UIDVALIDITY. */
function mailboxGuid(index: MailIndex): string | undefined {
  const header = (index.extension("dbox-hdr") ?? index.extension("mdbox-hdr"))?.header;
  const guid = header?.subarray(4, 20);
  if (guid?.length !== 16 || guid.every((byte) => byte === 0)) return undefined;
  return Buffer.from(guid).toString("hex");
}

async function readGuid(files: DboxAccountFiles, folder: RawPath): Promise<string | undefined> {
  const read = await readMailIndex(files.image, {
    folder: files.indexFolder(folder),
    prefix: indexPrefix,
    problems: [],
  });
  return mailboxGuid(read.index);
}

function readMessage(
  files: DboxAccountFiles,
  options: {
    readonly message: StoredMessage;
    readonly layout: OpenDboxOptions["layout"];
    readonly guidOf: (folder: RawPath) => Promise<string | undefined>;
    readonly openFiles: OpenFiles;
    readonly readOptions: ReadMessageOptions;
  },
): AsyncIterable<Uint8Array> {
  const { message, layout, guidOf, openFiles, readOptions } = options;
  const { path, uid, range } = message;
  const owner = async (): Promise<{ guid: string; uid: number } | undefined> => {
    const guid = await guidOf(await files.firstFolder(rawParent(path)));
    return guid === undefined || uid === undefined ? undefined : { guid, uid };
  };
  return readDboxMessage(files.image, {
    path,
    ...(range === undefined ? {} : { file: openFiles.get(path) }),
    expectedBytes: range?.lengthBytes ?? message.sizeBytes + usualMetadataBytes,
    ...(range === undefined ? {} : { offset: range.offset }),
    subject: `${uid === undefined ? "a message" : `message ${uid}`} in "${displayPath(path)}"`,
    attachmentFolder: (file) => files.attachments.folderOf(file),
    ...(layout === "sdbox" ? { owner } : {}),
    signal: readOptions.signal,
  });
}

/** Header and metadata of a message, about. */
const usualMetadataBytes = 512;
/** Messages of one mailbox lie in few files, and those of one file follow each other. */
const keptFiles = 4;

/** The files that many messages were read out of last. */
class OpenFiles {
  readonly #image: Image;
  readonly #files = new Map<RawPath, DboxFile>();

  constructor(image: Image) {
    this.#image = image;
  }

  get(path: RawPath): DboxFile {
    const file = this.#files.get(path) ?? openDboxFile(this.#image, path, { isKept: true });
    this.#files.delete(path);
    this.#files.set(path, file);
    for (const [oldest] of this.#files) {
      if (this.#files.size <= keptFiles) break;
      this.#files.delete(oldest);
    }
    return file;
  }
}
