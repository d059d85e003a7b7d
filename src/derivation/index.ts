/**
 * derivation: from a password to a key with scrypt, which takes half a second of one processor.
 *
 * `beginDerivation` starts it for the key file that a repository's folder will be opened by, before
 * the rest of the program is loaded; `deriveKey` takes over what was begun with the same input, and
 * derives anew where nothing was. What is begun for nothing costs time and nothing else.
 */
export { deriveKey, isSafeCost, type ScryptCost, type ScryptInput } from "./derive-key.ts";
export { beginDerivation } from "./begin-derivation.ts";
