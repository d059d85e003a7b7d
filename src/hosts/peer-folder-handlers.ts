import type { Image, RawPath } from "#image";
import type { AllowedFolders } from "./allowed-folders.ts";
import type { Header } from "./frame.ts";
import type { HeaderFields } from "./header-fields.ts";
import type { Host } from "./host.ts";
import { brokenProtocol, HostError } from "./host-error.ts";
import { encodeEntries } from "./listing-codec.ts";
import type { Item, PeerCall, PeerHandler } from "./served-call.ts";

/** Folders that one client may have open. */
const mostFolders = 64;
/** Problems in one item: each is a path and a sentence. */
const problemBatch = 64;

/** What a peer does for Images on the other side. */
export class PeerFolders implements AsyncDisposable {
  readonly #host: Host;
  readonly #folders: AllowedFolders;
  readonly #open = new Map<number, Image>();
  #opening = 0;
  #lastId = 0;

  constructor(host: Host, folders: AllowedFolders) {
    this.#host = host;
    this.#folders = folders;
  }

  get handlers(): readonly (readonly [string, PeerHandler])[] {
    return [
      ["folder-open", (call) => this.#openFolder(call)],
      ["folder-close", (call) => this.#close(call)],
      ["folder-list", (call) => this.#list(call)],
      ["folder-attributes", (call) => this.#attributes(call)],
      ["folder-read", (call) => this.#read(call)],
      ["folder-fingerprint", (call) => this.#fingerprint(call)],
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const image of this.#open.values()) await image[Symbol.asyncDispose]();
    this.#open.clear();
  }

  // oxlint-disable-next-line require-yield -- a handler without items
  async *#openFolder({ fields, signal }: PeerCall): AsyncGenerator<Item, Item, undefined> {
    const path = await this.#folders.resolve(fields.path("path"));
    if (this.#open.size + this.#opening >= mostFolders) {
      throw new HostError(
        "host.failed",
        `Cannot open another folder: ${mostFolders} are open in this connection`,
        { hint: "Close those that are not used any more." },
      );
    }
    this.#opening++;
    try {
      const image = await this.#host.openFolder(path, { signal });
      const id = ++this.#lastId;
      this.#open.set(id, image);
      const { volumes, fingerprintScope } = image;
      return { header: { folder: id, volumes, fingerprintScope } };
    } finally {
      this.#opening--;
    }
  }

  // oxlint-disable-next-line require-yield -- a handler without items
  async *#close({ fields }: PeerCall): AsyncGenerator<Item, Item, undefined> {
    const id = fields.count("folder");
    const image = this.#open.get(id);
    this.#open.delete(id);
    await image?.[Symbol.asyncDispose]();
    return {};
  }

  async *#list({ fields, signal }: PeerCall): AsyncGenerator<Item, Item, undefined> {
    const image = this.#get(fields);
    const listing = await image.list(fields.path("path"), signal);
    for (const body of encodeEntries(listing)) yield { header: { of: "entries" }, body };
    for (let at = 0; at < listing.problems.length; at += problemBatch)
      yield problemItem("problems", listing.problems.slice(at, at + problemBatch));
    yield* newProblems(image, fields);
    return { header: { entries: listing.length } };
  }

  async *#attributes({ fields }: PeerCall): AsyncGenerator<Item, Item, undefined> {
    const image = this.#get(fields);
    for (const { name, value } of await image.extendedAttributes(fields.path("path")))
      yield { header: { of: "attribute", name }, body: value };
    yield* newProblems(image, fields);
    return {};
  }

  async *#read({ fields, signal }: PeerCall): AsyncGenerator<Item, Item, undefined> {
    const image = this.#get(fields);
    const path = fields.path("path");
    const lengthBytes = fields.has("lengthBytes") ? fields.count("lengthBytes") : undefined;
    const range = {
      offset: fields.count("offset"),
      ...(lengthBytes === undefined ? {} : { lengthBytes }),
    };
    // Whoever goes on after a lost connection must know that it is still the same file.
    yield { header: { of: "file", ...(await fingerprintOf(image, path)) } };
    for await (const body of image.read(path, { ...range, signal }))
      yield { header: { of: "bytes" }, body };
    yield* newProblems(image, fields);
    return {};
  }

  // oxlint-disable-next-line require-yield -- a handler without items
  async *#fingerprint({ fields, signal }: PeerCall): AsyncGenerator<Item, Item, undefined> {
    const path = fields.path("path");
    const fingerprint = await this.#get(fields).fingerprint(path, signal);
    return { header: fingerprint === undefined ? {} : { fingerprint } };
  }

  #get(fields: HeaderFields): Image {
    const image = this.#open.get(fields.count("folder"));
    if (image === undefined) throw brokenProtocol("a folder is asked for that is not open");
    return image;
  }
}

/** What the Image has seen in all, from the one on that the client does not know yet. */
function* newProblems({ problems }: Image, fields: HeaderFields): Generator<Item, void, undefined> {
  for (let from = fields.count("known"); from < problems.length; from += problemBatch)
    yield problemItem("seen", problems.slice(from, from + problemBatch), { from });
}

function problemItem(of: string, problems: Image["problems"], more: Header = {}): Item {
  return { header: { of, ...more }, body: Buffer.from(JSON.stringify(problems)) };
}

async function fingerprintOf(image: Image, path: RawPath): Promise<{ fingerprint?: string }> {
  try {
    const fingerprint = await image.fingerprint(path);
    return fingerprint === undefined ? {} : { fingerprint };
  } catch {
    // The read that follows says what is wrong, in its own words.
    return {};
  }
}
