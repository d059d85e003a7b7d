/** A process that writes a set to tape and is killed at one of its writes: run by killed.test.ts. */
import { memoryImage, type RawPath } from "#image";
import { backUpToTape } from "./backup-to-tape.ts";
import { openVirtualTapeLibrary } from "./drive/index.ts";
import { mail, smallTape, startNs } from "./tape.fixture.ts";

const [folder = "", at = ""] = process.argv.slice(2);
const library = await openVirtualTapeLibrary(folder, {
  capacityBytes: 10_000_000,
  earlyWarningBytes: 40_000,
});
let writes = 0;
await backUpToTape(memoryImage(mail(20)), {
  ...smallTape,
  group: "mx1/all",
  hostname: "mx1",
  path: "/var/mail" as RawPath,
  now: () => startNs + 1n,
  library: {
    name: library.name,
    stateFolder: library.stateFolder,
    inventory: async (signal) => await library.inventory(signal),
    exportVolume: async (volume) => await library.exportVolume(volume),
    importVolume: async (volume) => await library.importVolume(volume),
    openDrive: async () => {
      const drive = await library.openDrive();
      const write = drive.writeBlock.bind(drive);
      drive.writeBlock = async (bytes, signal) => {
        if (++writes === Number(at)) process.kill(process.pid, "SIGKILL");
        return await write(bytes, signal);
      };
      return drive;
    },
    [Symbol.asyncDispose]: async () => await library[Symbol.asyncDispose](),
  },
});
