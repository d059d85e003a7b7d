import { extendedAttributeSupport, rawParent, sameDevice } from "#image";
import { type CopyProviderOptions, copyProvider } from "./copy-provider.ts";
import { writeBytes } from "./copy-file.ts";
import type { SnapshotProvider } from "./snapshot-provider.ts";

/** Every file read and written again: an exact copy of its own (paper §3.3), on any filesystem. */
export function plainCopies(options: CopyProviderOptions = {}): SnapshotProvider {
  return copyProvider(
    {
      name: "plain copy",
      section: "§3.3",
      kind: "clone",
      copyBytes: writeBytes,
      mustStandStill: true,
      suits: async ({ store, destination }) => {
        const together = await sameDevice(store.root, rawParent(destination));
        const where = together
          ? "It lies on the store's own device: one broken disk takes both."
          : "It lies on another device than the store.";
        return { suits: true, why: `Every file is copied in full. ${where}${attributesNote()}` };
      },
      space: ({ totalBytes }) => ({
        totalBytes,
        ownBytes: totalBytes,
        basis: "Blocks allocated to its files and folders, none of which is shared.",
      }),
    },
    options,
  );
}

/** For both ways of copying. */
export function attributesNote(): string {
  return extendedAttributeSupport() === "ffi"
    ? ""
    : " This Node cannot read extended attributes: ACLs are not copied.";
}
