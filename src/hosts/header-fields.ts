import type { RawPath } from "#image";
import type { Header } from "./frame.ts";
import { brokenProtocol } from "./host-error.ts";

/** Fields of a header, each checked when it is asked for. Throws `host.protocol`. */
export class HeaderFields {
  readonly #header: Header;
  readonly #of: string;

  /** `of` says in errors what the header belongs to. */
  constructor(header: Header, of: string) {
    this.#header = header;
    this.#of = of;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#header, name);
  }

  text(name: string): string {
    const value = this.#get(name);
    if (typeof value !== "string") throw this.#wrong(name, "text");
    return value;
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word {
    const found = words.find((word) => word === this.#get(name));
    if (found === undefined) throw this.#wrong(name, `one of ${words.join(", ")}`);
    return found;
  }

  /** One character per byte. */
  path(name: string): RawPath {
    const path = this.text(name);
    // oxlint-disable-next-line no-control-regex
    if (!/^[\x00-\xff]*$/.test(path)) throw this.#wrong(name, "a path of bytes");
    return path as RawPath;
  }

  texts(name: string): readonly string[] {
    const value = this.#get(name);
    if (!Array.isArray(value) || !value.every((word) => typeof word === "string"))
      throw this.#wrong(name, "a list of texts");
    return value;
  }

  flag(name: string): boolean {
    const value = this.#get(name);
    if (typeof value !== "boolean") throw this.#wrong(name, "true or false");
    return value;
  }

  /** A whole number from 0 to `most`. */
  count(name: string, most: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#get(name);
    if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > most)
      throw this.#wrong(name, `a whole number from 0 to ${most}`);
    return value as number;
  }

  /** An object, to be looked at in the same way. */
  object(name: string): HeaderFields {
    const value = this.#get(name);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw this.#wrong(name, "an object");
    return new HeaderFields(value as Header, `"${name}" of ${this.#of}`);
  }

  objects(name: string): readonly HeaderFields[] {
    const value = this.#get(name);
    if (!Array.isArray(value)) throw this.#wrong(name, "a list");
    return value.map((_, index) =>
      new HeaderFields({ one: value[index] as unknown }, `"${name}" of ${this.#of}`).object("one"),
    );
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#header, name) ? this.#header[name] : undefined;
  }

  #wrong(name: string, wanted: string): Error {
    return brokenProtocol(`"${name}" of ${this.#of} is not ${wanted}`);
  }
}
