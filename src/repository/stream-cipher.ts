/**
 * AES-256-CTR with one context kept for all blobs of a thread. Node's `createCipheriv` sets up a
 * new one for each IV, which for a 2 KB blob takes twice as long as encrypting it; OpenSSL itself
 * can be given a new IV alone, and since Node 26 it can be called directly (`node:ffi` on the
 * OpenSSL that Node carries). Where it cannot, or does not pass its test, Node's call serves.
 */
import { createCipheriv, randomBytes } from "node:crypto";
import { addressOf, openNativeLibrary } from "#files";

export type StreamCipher = {
  /** Writes input XOR key stream to `output`; `output` has the input's length and may not overlap it. */
  apply(iv: Uint8Array, input: Uint8Array, output: Uint8Array): void;
};

/** What the whole test said of this process's library, with the first key. */
let libraryAgrees: boolean | undefined;

export function openStreamCipher(key: Uint8Array): StreamCipher {
  const reference = openNodeCipher(key);
  if (libraryAgrees === false) return reference;
  const direct = openDirectCipher(key);
  if (direct === undefined) return reference;
  libraryAgrees ??= agrees(direct, reference, wholeTest);
  return libraryAgrees && agrees(direct, reference, keyTest) ? direct : reference;
}

/** The reference: Node's documented interface. */
export function openNodeCipher(key: Uint8Array): StreamCipher {
  return {
    apply(iv, input, output) {
      output.set(createCipheriv("aes-256-ctr", key, iv).update(input));
    },
  };
}

type Pointer = bigint;
type OpenSsl = {
  EVP_CIPHER_CTX_new(): Pointer;
  EVP_aes_256_ctr(): Pointer;
  EVP_EncryptInit_ex(
    context: Pointer,
    cipher: Pointer,
    engine: Pointer,
    key: Pointer,
    iv: Pointer,
  ): number;
  EVP_EncryptUpdate(
    context: Pointer,
    output: Uint8Array,
    outputLength: Pointer,
    input: Uint8Array,
    inputLength: number,
  ): number;
};

const none: Pointer = 0n;

function openDirectCipher(key: Uint8Array): StreamCipher | undefined {
  const library = loadOpenSsl();
  if (library === undefined) return undefined;
  const context = library.EVP_CIPHER_CTX_new();
  if (context === none) return undefined;
  // Memory that OpenSSL writes to or reads from must not move: Buffers of their own.
  const fixedKey = fixed(key);
  const fixedIv = fixed(new Uint8Array(16));
  const outputLength = Buffer.allocUnsafeSlow(4);
  const [ivAt, outputLengthAt] = [addressOf(fixedIv), addressOf(outputLength)];
  if (
    library.EVP_EncryptInit_ex(
      context,
      library.EVP_aes_256_ctr(),
      none,
      addressOf(fixedKey),
      ivAt,
    ) !== 1
  ) {
    return undefined;
  }
  fixedKey.fill(0);
  return {
    apply(iv, input, output) {
      fixedIv.set(iv);
      const isSet = library.EVP_EncryptInit_ex(context, none, none, none, ivAt) === 1;
      const isDone =
        isSet &&
        library.EVP_EncryptUpdate(context, output, outputLengthAt, input, input.length) === 1;
      // Never half: what the library refuses, Node's own call does.
      if (!isDone || outputLength.readInt32LE(0) !== input.length)
        openNodeCipher(key).apply(iv, input, output);
    },
  };
}

function fixed(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

let loaded: OpenSsl | "none" | undefined;

function loadOpenSsl(): OpenSsl | undefined {
  loaded ??= dlopenSelf() ?? "none";
  return loaded === "none" ? undefined : loaded;
}

/** No node:ffi, or a Node with another TLS library: undefined. */
function dlopenSelf(): OpenSsl | undefined {
  return openNativeLibrary([null], {
    EVP_CIPHER_CTX_new: { arguments: [], return: "pointer" },
    EVP_aes_256_ctr: { arguments: [], return: "pointer" },
    EVP_EncryptInit_ex: {
      arguments: ["pointer", "pointer", "pointer", "pointer", "pointer"],
      return: "i32",
    },
    EVP_EncryptUpdate: {
      arguments: ["pointer", "buffer", "pointer", "buffer", "i32"],
      return: "i32",
    },
  });
}

type Test = { readonly lengths: readonly number[]; readonly ivs: () => readonly Uint8Array[] };

/** Among the IVs a counter that overflows. */
const wholeTest: Test = {
  lengths: [1, 15, 16, 17, 4096, 70_001],
  ivs: () => [randomBytes(16), Buffer.alloc(16, 0xff), randomBytes(16)],
};
/** Whether another key has arrived: a context is as good as the library, and many are opened. */
const keyTest: Test = { lengths: [33], ivs: () => [randomBytes(16)] };

/** Equal output for each of the lengths and IVs. */
function agrees(candidate: StreamCipher, reference: StreamCipher, { lengths, ivs }: Test): boolean {
  const all = ivs();
  return lengths.every((length) => {
    const input = randomBytes(length);
    return all.every((iv) => {
      const [a, b] = [Buffer.allocUnsafeSlow(length), Buffer.allocUnsafeSlow(length)];
      candidate.apply(iv, input, a);
      reference.apply(iv, input, b);
      return a.equals(b);
    });
  });
}
