import { readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import { writeDurably } from "#files";
import { FieldError, type JsonObject, parseJsonObject } from "../json-fields.ts";
import { tapeError } from "../tape-error.ts";

/** A record in the library's state folder. */
export type StateFile<Value> = {
  readonly name: string;
  /** What a person calls it. */
  readonly title: string;
  /** First field of the document: another one is not understood. */
  readonly format: string;
  readonly encode: (value: Value) => JsonObject;
  /** Throws FieldError. */
  readonly decode: (object: JsonObject) => Value;
};

/** Undefined where there is none. Throws `methods.tape-catalogue-damaged`, `methods.tape-state-unusable`. */
export async function readStateFile<Value>(
  folder: string,
  file: StateFile<Value>,
): Promise<Value | undefined> {
  const path = join(folder, file.name);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw unusable(path, { file, error });
  }
  return decode(path, { file, text });
}

export function readStateFileSync<Value>(
  folder: string,
  file: StateFile<Value>,
): Value | undefined {
  const path = join(folder, file.name);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw unusable(path, { file, error });
  }
  return decode(path, { file, text });
}

/** Whole or not at all, and durable once it returns. */
export async function writeStateFile<Value>(
  folder: string,
  { file, value }: { readonly file: StateFile<Value>; readonly value: Value },
): Promise<void> {
  const path = join(folder, file.name);
  const text = `${JSON.stringify({ format: file.format, ...file.encode(value) }, undefined, 1)}\n`;
  try {
    await writeDurably(path, Buffer.from(text));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw unusable(path, { file, error });
  }
}

function decode<Value>(
  path: string,
  { file, text }: { readonly file: StateFile<Value>; readonly text: string },
): Value {
  try {
    const object = parseJsonObject(text);
    if (object["format"] !== file.format)
      throw new FieldError(`its format is not "${file.format}"`);
    return file.decode(object);
  } catch (cause) {
    if (!(cause instanceof FieldError)) throw cause;
    throw tapeError(
      "methods.tape-catalogue-damaged",
      `Cannot read ${file.title} "${path}": ${cause.message}`,
      {
        hint: "Put it back from a copy, or move it away: the catalogue can be rebuilt from the tapes, the other records cannot.",
        cause,
      },
    );
  }
}

function unusable(
  path: string,
  { file, error }: { readonly file: { readonly title: string }; readonly error: unknown },
): Error {
  const reason = error instanceof Error ? error.message : "the reason is unknown";
  return tapeError("methods.tape-state-unusable", `Cannot use ${file.title} "${path}": ${reason}`, {
    hint: "Check the permissions of the state folder and the space on its disk.",
    cause: error,
  });
}
