import type { Image } from "./image.ts";
import { ImageError, quotePath } from "./image-error.ts";
import type { RawPath } from "./raw-path.ts";

export type ReadAllOptions = {
  /** Largest file that is taken. Default 256 MiB. */
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
};

/** All bytes of a file. Throws what `Image.read` throws, and `image.too-large`. */
export async function readAll(
  image: Image,
  path: RawPath,
  options: ReadAllOptions = {},
): Promise<Uint8Array> {
  const limitBytes = options.limitBytes ?? 256 * 1024 * 1024;
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  const { signal } = options;
  for await (const piece of image.read(path, signal === undefined ? {} : { signal })) {
    sizeBytes += piece.length;
    if (sizeBytes > limitBytes) {
      throw new ImageError(
        "image.too-large",
        `Cannot take ${quotePath(path)} into memory: it is larger than ${limitBytes} bytes`,
        { hint: "Raise the limit, or read the file in pieces." },
      );
    }
    pieces.push(piece);
  }
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces, sizeBytes);
}
