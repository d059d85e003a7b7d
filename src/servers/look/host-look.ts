/*
 * Looking at a host through its port: what is there, what is not, and what could not be looked at.
 * The three are kept apart: a configuration that may not be read is not one that is empty.
 */
import { isRecoveryError } from "#errors";
import {
  displayPath,
  type Entry,
  type Image,
  isImageError,
  joinRawPath,
  rawBaseName,
  rawParent,
  type RawPath,
  rawPathFromText,
  rootPath,
} from "#image";
import { type Host, isHostError } from "#hosts";

/** Something that could not be looked at. */
export type Unseen = {
  /** What: a path, a program, a list. */
  readonly what: string;
  /** One sentence in plain words. */
  readonly why: string;
};

export type HostLookOptions = {
  /** For each question. Default ten seconds. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
};

/** How a command ended, as text. */
export type Answer = {
  /** It exited with 0. */
  readonly ok: boolean;
  /** "it exited with 67", "it was ended by SIGABRT". */
  readonly state: string;
  readonly stdout: string;
  /** The first line of its complaints. */
  readonly complaint: string;
};

const defaultTimeoutMs = 10_000;
/** Of a configuration file; a passwd-file of a large site is 100 bytes a user. */
const defaultFileBytes = 8 * 1024 * 1024;
const outputBytes = 32 * 1024 * 1024;
const longestComplaint = 300;
const mostUnseen = 100;
/** Links that are followed, one after another, to get to a file. */
const mostLinks = 8;

export class HostLook {
  readonly host: Host;
  readonly signal: AbortSignal | undefined;
  readonly #timeoutMs: number;
  readonly #unseen = new Map<string, Unseen>();

  constructor(host: Host, { timeoutMs = defaultTimeoutMs, signal }: HostLookOptions = {}) {
    this.host = host;
    this.signal = signal;
    this.#timeoutMs = timeoutMs;
  }

  /** What could not be looked at so far. */
  get unseen(): readonly Unseen[] {
    return [...this.#unseen.values()];
  }

  addUnseen(what: string, why: string): void {
    if (this.#unseen.size < mostUnseen) this.#unseen.set(`${what}\0${why}`, { what, why });
  }

  /**
   * The text of a file, one character per byte where it is not UTF-8. Undefined where there is none,
   * and where it cannot be read or is too large: then it is among the unseen.
   */
  async text(path: string, limitBytes: number = defaultFileBytes): Promise<string | undefined> {
    return await this.#seen(path, async () => {
      const bytes = await this.#bytes(rawPathFromText(path), limitBytes + 1);
      if (bytes === undefined) return undefined;
      if (bytes.length > limitBytes) {
        this.addUnseen(path, `It has more than ${limitBytes} bytes.`);
        return undefined;
      }
      const text = bytes.toString("utf8");
      return Buffer.from(text, "utf8").equals(bytes) ? text : bytes.toString("latin1");
    });
  }

  /** The entries of a folder, ascending. Undefined where there is none, or it cannot be listed. */
  async list(path: string): Promise<readonly Entry[] | undefined> {
    return await this.#seen(path, async () => {
      await using image = await this.#open(rawPathFromText(path));
      if (image === undefined) return undefined;
      const listing = await image.list(rootPath, this.#limit());
      return [...listing];
    });
  }

  /** Whether there is something: also true where it exists and cannot be entered. */
  async isThere(path: string): Promise<boolean> {
    const raw = rawPathFromText(path);
    const found = await this.#seen(path, async () => {
      try {
        await using image = await this.#open(raw);
        return image === undefined ? undefined : true;
      } catch (error) {
        if (isImageError(error, "image.not-a-folder")) return true;
        throw error;
      }
    });
    return found ?? this.unseen.some(({ what }) => what === path);
  }

  /** The first of these that is there. */
  async firstThere(paths: readonly string[]): Promise<string | undefined> {
    for (const path of paths) if (await this.isThere(path)) return path;
    return undefined;
  }

  /** Runs a program, no shell. Undefined where there is no such program, or it did not end in time: then it is among the unseen. */
  async run(command: readonly string[], timeoutMs?: number): Promise<Answer | undefined> {
    const shown = command.slice(0, 3).join(" ");
    try {
      const result = await this.host.run(command, {
        timeoutMs: timeoutMs ?? this.#timeoutMs,
        limitBytes: outputBytes,
        ...(this.signal === undefined ? {} : { signal: this.signal }),
      });
      if (result.isCut) this.addUnseen(shown, "It printed more than is read.");
      const ok = "exitCode" in result && result.exitCode === 0 && !result.isCut;
      return {
        ok,
        state:
          "exitCode" in result
            ? `it exited with ${result.exitCode}`
            : `it was ended by ${result.signal}`,
        stdout: Buffer.from(result.stdout).toString("utf8"),
        complaint: firstLine(result.stderr),
      };
    } catch (error) {
      this.signal?.throwIfAborted();
      if (isHostError(error, "host.command-not-run")) return undefined;
      if (!isHostError(error, "host.command-timeout")) throw error;
      this.addUnseen(shown, error.message);
      return undefined;
    }
  }

  async #bytes(path: RawPath, limitBytes: number): Promise<Buffer | undefined> {
    let at = path;
    for (let links = 0; links <= mostLinks; links++) {
      await using folder = await this.#open(rawParent(at));
      if (folder === undefined) return undefined;
      try {
        return await readSome(folder, rawBaseName(at), { limitBytes, signal: this.#limit() });
      } catch (error) {
        if (isImageError(error, "image.not-found")) return undefined;
        if (!isImageError(error, "image.not-a-file")) throw error;
        const target = await linkTarget(folder, rawBaseName(at), this.#limit());
        if (target === undefined) throw error;
        at = target.startsWith("/") ? target : joinSteps(rawParent(at), target);
      }
    }
    return undefined;
  }

  /** Undefined where there is no such folder. */
  async #open(path: RawPath): Promise<Image | undefined> {
    try {
      return await this.host.openFolder(path, { signal: this.#limit() });
    } catch (error) {
      if (isImageError(error, "image.not-found")) return undefined;
      throw error;
    }
  }

  /** What was found; undefined, and the reason among the unseen, where it could not be looked at. */
  async #seen<Found>(
    path: string,
    look: () => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    this.signal?.throwIfAborted();
    try {
      return await look();
    } catch (error) {
      this.signal?.throwIfAborted();
      const isTimeout = error instanceof Error && error.name === "TimeoutError";
      if (!isTimeout && !isRecoveryError(error)) throw error;
      this.addUnseen(
        path,
        isTimeout ? `It was not read within ${this.#timeoutMs / 1000} s.` : error.message,
      );
      return undefined;
    }
  }

  #limit(): AbortSignal {
    const limit = AbortSignal.timeout(this.#timeoutMs);
    return this.signal === undefined ? limit : AbortSignal.any([this.signal, limit]);
  }
}

async function readSome(
  image: Image,
  name: RawPath,
  { limitBytes, signal }: { readonly limitBytes: number; readonly signal: AbortSignal },
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of image.read(name, { lengthBytes: limitBytes, signal }))
    pieces.push(piece);
  return Buffer.concat(pieces);
}

async function linkTarget(
  image: Image,
  name: RawPath,
  signal: AbortSignal,
): Promise<RawPath | undefined> {
  const listing = await image.list(rootPath, signal);
  const index = listing.indexOf(name);
  return index < 0 ? undefined : listing.entry(index).linkTarget;
}

/** The path that a relative link leads to. */
function joinSteps(folder: RawPath, target: RawPath): RawPath {
  let at = folder;
  for (const step of target.split("/")) {
    if (step === "" || step === ".") continue;
    at = step === ".." ? rawParent(at) : joinRawPath(at, step as RawPath);
  }
  return at;
}

function firstLine(bytes: Uint8Array): string {
  const line = Buffer.from(bytes).toString("latin1").trim().split("\n")[0] ?? "";
  return displayPath(line.slice(0, longestComplaint) as RawPath);
}
