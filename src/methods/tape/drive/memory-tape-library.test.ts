import { memoryTapeLibrary } from "./memory-tape-library.ts";
import { tapeDriveContract } from "./tape-drive.contract.ts";
import { tapeLibraryContract } from "./tape-library.contract.ts";

const options = {
  barcodes: ["RST001", "RST002"],
  stateFolder: "/nowhere",
  capacityBytes: 100_000,
  earlyWarningBytes: 20_000,
};

tapeLibraryContract("memory", async () => {
  const library = memoryTapeLibrary(options);
  return { library, [Symbol.asyncDispose]: async () => await library[Symbol.asyncDispose]() };
});

tapeDriveContract("memory", async () => {
  const library = memoryTapeLibrary(options);
  const drive = await library.openDrive();
  return {
    ...options,
    drive,
    protect: async (volume) => {
      library.medium(volume).writeProtected = true;
    },
    damage: async (volume, index) => library.medium(volume).damage(index),
    [Symbol.asyncDispose]: async () => await drive[Symbol.asyncDispose](),
  };
});
