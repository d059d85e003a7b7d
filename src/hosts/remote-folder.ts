import { displayPath, ImageError, type RawPath, type Volume } from "#image";
import type { Header } from "./frame.ts";
import { raceSignal } from "./host-clock.ts";
import type { HeaderFields } from "./header-fields.ts";
import type { PeerConnector } from "./peer-connector.ts";
import type { PeerLink } from "./peer-link.ts";

type Opened = { readonly id: number; readonly volumes: readonly Volume[]; readonly scope: string };

/** A folder that is open at the peer, opened again on every new connection. */
export class RemoteFolder implements AsyncDisposable {
  readonly #connector: PeerConnector;
  readonly #path: RawPath;
  #first: Opened | undefined;
  #link: PeerLink | undefined;
  #opening: Promise<number> | undefined;

  constructor(connector: PeerConnector, path: RawPath) {
    this.#connector = connector;
    this.#path = path;
  }

  /** What the peer said of it when it was opened first. */
  get opened(): Opened {
    if (this.#first === undefined) throw new RangeError("the folder was not opened");
    return this.#first;
  }

  /** Runs `work` with a link on which the folder is open under that number, again on a new one if need be. */
  async attempt<Result>(
    work: (link: PeerLink, folder: number, progressed: () => void) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    return await this.#connector.attempt(
      async (link, progressed) =>
        await work(link, await raceSignal(this.#idOn(link), signal), progressed),
      { signal, isRepeatable: true },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [link, opening] = [this.#link, this.#opening];
    this.#link = undefined;
    if (link?.isOpen !== true || opening === undefined) return;
    try {
      const header: Header = { what: "folder-close", folder: await opening };
      await link.ask({ header });
    } catch {
      // The link is gone, and with it the folder.
    }
  }

  /** Whoever comes while it is being opened waits for the same number. */
  async #idOn(link: PeerLink): Promise<number> {
    if (this.#link !== link || this.#opening === undefined) {
      this.#link = link;
      this.#opening = this.#open(link);
      const opening = this.#opening;
      opening.catch(() => {
        if (this.#opening === opening) this.#opening = undefined;
      });
    }
    return await this.#opening;
  }

  async #open(link: PeerLink): Promise<number> {
    const { fields } = await link.ask({ header: { what: "folder-open", path: this.#path } });
    const found: Opened = {
      id: fields.count("folder"),
      volumes: fields.objects("volumes").map(volumeOf),
      scope: fields.text("fingerprintScope"),
    };
    this.#first ??= found;
    // A host that came back without its disk shows another, perhaps empty, folder under the same path.
    if (JSON.stringify(found.volumes) === JSON.stringify(this.#first.volumes)) return found.id;
    throw new ImageError(
      "image.changed",
      `Cannot go on with "${displayPath(this.#path)}" on host "${this.#connector.options.name}": after the connection was lost it lies on another volume`,
      { hint: "Check that its disk is mounted there, and begin again." },
    );
  }
}

function volumeOf(fields: HeaderFields): Volume {
  return {
    id: fields.text("id"),
    role: fields.oneOf("role", ["database", "log", "mixed"] as const),
    root: fields.path("root"),
  };
}
