import { assumed, type ParameterSpec } from "./parameter-spec.ts";

const priceParameterNames = [
  "disk_price",
  "raid_factor",
  "fast_disk_price",
  "tape_price",
  "tape_safe_uses",
  "tape_drive_price",
  "courier_price",
  "object_storage_price",
  "site_price",
  "array_price",
  "labour_price",
  "upkeep",
  "tape_handling",
  "lifetime",
] as const;
export type PriceParameterName = (typeof priceParameterNames)[number];

/** What things cost. In the currency of the requirements; assumed, to be checked by whoever signs the plan. */
export const priceParameters: Readonly<Record<PriceParameterName, ParameterSpec>> = {
  disk_price: {
    unit: "money",
    about: "one TB of disk for copies, bought",
    paper: assumed(40, "assumed, to be checked"),
  },
  raid_factor: {
    unit: "× data",
    about: "disk bought for each byte kept (§3.3.5: accounting for RAID format)",
    paper: assumed(1.25, "assumed: one disk of redundancy on four"),
  },
  fast_disk_price: {
    unit: "money",
    about: "one TB of production-class disk for clones, deltas and mirrors, bought",
    paper: assumed(250, "assumed, to be checked"),
  },
  tape_price: { unit: "money", about: "one tape", paper: assumed(70, "assumed, to be checked") },
  tape_safe_uses: {
    unit: "count",
    about: "how often a tape may be written (§3.1.5: safe uses)",
    paper: assumed(100, "assumed; the manufacturer says"),
  },
  tape_drive_price: {
    unit: "money",
    about: "a tape drive with its loader, bought",
    paper: assumed(4500, "assumed, to be checked"),
  },
  courier_price: {
    unit: "money",
    about: "one trip of media to or from the vault",
    paper: assumed(60, "assumed, to be checked"),
  },
  object_storage_price: {
    unit: "money",
    about: "one TB in object storage for a year, requests included",
    paper: assumed(120, "assumed, to be checked"),
  },
  site_price: {
    unit: "money",
    about: "a host at a second site for a year (room, power, line), for whatever is kept there",
    paper: assumed(900, "assumed, to be checked"),
  },
  array_price: {
    unit: "money",
    about:
      "mirroring or snapshots in a storage array, or a cluster: what it costs beyond its disks, bought",
    paper: assumed(15_000, "assumed, to be checked"),
  },
  labour_price: {
    unit: "money",
    about: "an hour of an administrator's work",
    paper: assumed(50, "assumed, to be checked"),
  },
  upkeep: {
    unit: "hours",
    about:
      "people's work on one layer of recovery in a year: looking after it, a drill now and then",
    paper: assumed(12, "assumed: an hour a month"),
  },
  tape_handling: {
    unit: "hours",
    about: "people's work for each tape that leaves or comes back",
    paper: assumed(0.1, "assumed: six minutes"),
  },
  lifetime: {
    unit: "years",
    about: "how long what is bought is used",
    paper: assumed(5, "assumed"),
  },
};
