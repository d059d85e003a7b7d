import type {
  Consistency,
  ExtendedAttribute,
  Image,
  ImageMoment,
  ImageProblem,
  Listing,
  LocalAccess,
  RawPath,
  ReadOptions,
  Volume,
} from "#image";
import { interrupted, type ServerHold } from "#servers";
import { sourceErrorOf } from "./source-error.ts";

/** An Image that starts the mail server when it is closed, and is void once the server was started. */
export class OfflineImage implements Image {
  readonly consistency: Consistency = "offline";
  readonly local?: LocalAccess;
  readonly #image: Image;
  readonly #hold: ServerHold;

  constructor(image: Image, hold: ServerHold) {
    this.#image = image;
    this.#hold = hold;
    if (image.local !== undefined) this.local = image.local;
  }

  get at(): ImageMoment {
    return this.#image.at;
  }

  get volumes(): readonly Volume[] {
    return this.#image.volumes;
  }

  get problems(): readonly ImageProblem[] {
    return this.#image.problems;
  }

  get fingerprintScope(): string {
    return this.#image.fingerprintScope;
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    return this.#checked(await this.#image.list(path, signal));
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    return this.#checked(await this.#image.extendedAttributes(path));
  }

  async *read(path: RawPath, options?: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of this.#image.read(path, options)) yield this.#checked(piece);
    this.#checked(undefined);
  }

  async fingerprint(path: RawPath, signal?: AbortSignal): Promise<string | undefined> {
    return this.#checked(await this.#image.fingerprint(path, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#image[Symbol.asyncDispose]();
    try {
      await this.#hold.release();
    } catch (error) {
      throw sourceErrorOf(error);
    }
  }

  #checked<Value>(value: Value): Value {
    if (this.#hold.isOver) throw sourceErrorOf(interrupted("start"));
    return value;
  }
}
