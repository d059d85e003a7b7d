/** Reading JSON that a tape or a state file holds: every field is looked at before it is believed. */
import { isUtf8 } from "node:buffer";
import { rawPathFromText, type RawPath, rawPathToBytes } from "#image";

export type JsonObject = { readonly [key: string]: unknown };

/** A field is not what it should be. Whoever reads the document says which document it was. */
export class FieldError extends Error {}

export function parseJsonObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FieldError("it is no JSON", { cause });
  }
  return asObject(value, "the document");
}

export function asObject(value: unknown, name: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as JsonObject;
  throw new FieldError(`${name} is no object`);
}

export function textField(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value === "string") return value;
  throw new FieldError(`"${key}" is no text`);
}

/** 0, 1, 2, … */
export function countField(object: JsonObject, key: string): number {
  const value = object[key];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new FieldError(`"${key}" is no count`);
}

export function flagField(object: JsonObject, key: string): boolean {
  const value = object[key];
  if (value === undefined || typeof value === "boolean") return value === true;
  throw new FieldError(`"${key}" is neither true nor false`);
}

/** Nanoseconds since 1970, as digits in a text: JSON numbers are too small for them. */
export function instantField(object: JsonObject, key: string): bigint {
  const value = textField(object, key);
  if (/^-?\d{1,24}$/.test(value)) return BigInt(value);
  throw new FieldError(`"${key}" is no instant`);
}

export function arrayField(object: JsonObject, key: string): readonly unknown[] {
  const value: unknown = object[key];
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new FieldError(`"${key}" is no list`);
}

export function textsField(object: JsonObject, key: string): readonly string[] {
  return arrayField(object, key).map((value) => {
    if (typeof value === "string") return value;
    throw new FieldError(`"${key}" holds something that is no text`);
  });
}

export function objectsField(object: JsonObject, key: string): readonly JsonObject[] {
  return arrayField(object, key).map((value) => asObject(value, `an entry of "${key}"`));
}

export function oneOfField<Word extends string>(
  object: JsonObject,
  key: string,
  words: readonly Word[],
): Word {
  const value = textField(object, key);
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  throw new FieldError(`"${key}" is none of ${words.join(", ")}`);
}

/** `read` where the key is there, nothing where it is not. */
export function optionalField<Key extends string, Value>(
  object: JsonObject,
  key: Key,
  read: (object: JsonObject, key: string) => Value,
): { readonly [K in Key]?: Value } {
  if (object[key] === undefined) return {};
  return { [key]: read(object, key) } as { readonly [K in Key]?: Value };
}

/** A raw path as JSON: text where its bytes are UTF-8, otherwise `{"hex": …}`. */
export type RawJson = string | { readonly hex: string };

export function rawToJson(path: RawPath): RawJson {
  const bytes = rawPathToBytes(path);
  return isUtf8(bytes) ? bytes.toString("utf8") : { hex: bytes.toString("hex") };
}

export function rawField(object: JsonObject, key: string): RawPath {
  const value = object[key];
  if (typeof value === "string") return rawPathFromText(value);
  const hex = textField(asObject(value, `"${key}"`), "hex");
  if (/^(?:[0-9a-f]{2})*$/.test(hex)) return Buffer.from(hex, "hex").toString("latin1") as RawPath;
  throw new FieldError(`"${key}" is no path`);
}
