import { basename, dirname, join } from "node:path";
import { systemErrorCode } from "#errors";
import type { Barcode } from "./barcode.ts";
import { noVolume } from "./memory-tape-library.ts";
import { openSimhMedium } from "./simh-medium.ts";
import { softwareDrive } from "./software-drive.ts";
import type { TapeDrive } from "./tape-drive.ts";

export type VirtualTapeDriveOptions = {
  /** Bytes that a tape takes. Default: 100 GB. */
  readonly capacityBytes?: number;
  /** Default: 4 MiB. */
  readonly earlyWarningBytes?: number;
};

/** A drive alone, for the .tap files of a folder: without a library, slots and their rules. */
export function virtualTapeDrive(folder: string, options: VirtualTapeDriveOptions = {}): TapeDrive {
  return softwareDrive({
    name: basename(folder),
    capacityBytes: options.capacityBytes ?? 100e9,
    earlyWarningBytes: options.earlyWarningBytes ?? 4 * 1024 * 1024,
    fetch: async (volume: Barcode) => {
      const path = join(folder, `${volume}.tap`);
      try {
        return await openSimhMedium(path);
      } catch (error) {
        if (systemErrorCode(error) === "ENOENT") throw noVolume(volume, dirname(path), error);
        throw error;
      }
    },
  });
}
