/**
 * Calls into a shared library of the system or of Node itself, which Node has since version 26
 * (`node:ffi`). Everything that uses it has another way, or does without where it is missing.
 */
type ForeignFunctions = typeof import("node:ffi");
type Definitions = NonNullable<Parameters<ForeignFunctions["dlopen"]>[1]>;
type Functions<T extends Definitions> = ReturnType<
  typeof import("node:ffi").dlopen<T>
>["functions"];

/**
 * The functions of the first library of these names that has them all; `null` names the program
 * itself. Undefined where Node cannot, or no library does.
 */
export function openNativeLibrary<const T extends Definitions>(
  names: readonly (string | null)[],
  definitions: T,
): Functions<T> | undefined {
  const foreign = loadQuietly();
  if (foreign === undefined) return undefined;
  for (const name of names) {
    try {
      return foreign.dlopen(name, definitions).functions;
    } catch {
      // Not this library: the next one, and in the end none.
    }
  }
  return undefined;
}

/**
 * Where a Buffer's bytes lie, for memory that is passed in every call: passing the Buffer itself costs
 * a quarter of a microsecond each time. Only for `allocUnsafeSlow` memory that outlives the calls,
 * kept by whoever keeps the address.
 */
export function addressOf(memory: Buffer): bigint {
  const foreign = loadQuietly();
  if (foreign === undefined) throw new RangeError("no library was opened");
  return foreign.getRawPointer(memory);
}

/** Node warns on standard error that the module is experimental, which says nothing to somebody who recovers mail. */
function loadQuietly(): ForeignFunctions | undefined {
  if (process.platform !== "linux") return undefined;
  // oxlint-disable-next-line typescript/unbound-method -- it is put back where it was
  const emitWarning = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule("node:ffi");
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}
