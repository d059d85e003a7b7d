import { assumed, MB, type ParameterSpec } from "./parameter-spec.ts";

const networkParameterNames = [
  "dedup_rate",
  "dedup_open",
  "dedup_share",
  "capture_rate",
  "scan_rate",
  "object_storage_rate",
  "journal_lag",
  "journal_setup",
  "journal_replay_rate",
  "network_rate",
  "distance_km",
  "hold",
  "transit",
  "recall",
] as const;
export type NetworkParameterName = (typeof networkParameterNames)[number];

/** What today's media, networks and vaults do. */
export const networkParameters: Readonly<Record<NetworkParameterName, ParameterSpec>> = {
  dedup_rate: {
    unit: "bytes/s",
    about: "restore from a deduplicated repository, verified",
    paper: assumed(
      25 * MB,
      "docs/benchmarks.md: 488 MB of small messages restored in 18.9 s on a small machine",
    ),
  },
  dedup_open: {
    unit: "minutes",
    about: "opening a deduplicated repository and finding the moment",
    paper: assumed(0.1, "docs/benchmarks.md: key derivation 0.55 s and loading; rounded up to 6 s"),
  },
  dedup_share: {
    unit: "share",
    about: "stored bytes of a first deduplicated, compressed copy, as a share of the mail",
    paper: assumed(
      0.6,
      "assumed from docs/benchmarks.md: 0.17 (many recipients) to 0.59 (small, unique messages) of the mail",
    ),
  },
  capture_rate: {
    unit: "bytes/s",
    about: "reading mail into a copy",
    paper: assumed(
      45 * MB,
      "docs/benchmarks.md: 488 MB of small messages captured in 10.8 s on a small machine",
    ),
  },
  scan_rate: {
    unit: "bytes/s",
    about: "looking over an unchanged store (bytes of mail passed over, not read)",
    paper: assumed(
      230 * MB,
      "docs/benchmarks.md: 488 MB unchanged looked over in 2.1 s on a small machine",
    ),
  },
  object_storage_rate: {
    unit: "bytes/s",
    about: "reading from object storage",
    paper: assumed(100 * MB, "assumed: 1 Gbit/s, eight requests side by side"),
  },
  journal_lag: {
    unit: "minutes",
    about: "how long an observed change may wait before the journal has it",
    paper: assumed(
      0.2,
      "assumed: 10 seconds; new mail through the delivery stage waits for the journal and has none",
    ),
    today: assumed(
      0.033,
      "docs/benchmarks.md: 38 ms for 99 of 100 changes; a moment shows an account that is being changed as it was at most 2 s before",
    ),
  },
  journal_setup: {
    unit: "minutes",
    about: "opening base copy and journal at a moment",
    paper: assumed(0.5, "assumed"),
    today: assumed(
      0.1,
      "docs/benchmarks.md: a mailbox is listed in 0.46 s; key derivation and loading; rounded up to 6 s",
    ),
  },
  journal_replay_rate: {
    unit: "bytes/s",
    about: "replaying a journal of objects onto its base copy",
    paper: assumed(25 * MB, "assumed: as fast as a deduplicated restore"),
    today: assumed(100 * MB, "docs/benchmarks.md: 107 MB/s on a small machine"),
  },
  network_rate: {
    unit: "bytes/s",
    about: "network between the site and its recovery site",
    paper: assumed(Infinity, "Figure 7 counts no time for the transfer"),
    today: assumed(11 * MB, "assumed: 100 Mbit/s, usable to nine tenths"),
  },
  distance_km: {
    unit: "count",
    about: "distance to the recovery site; synchronous mirrors want it short (§2.2.3)",
    paper: assumed(50, "assumed: kilometres"),
  },
  hold: {
    unit: "hours",
    about: "how long a backup copy stays on site before it is sent away (§2.2.1)",
    paper: assumed(0, "Figure 7 counts none; the example of §2.2.1 holds it for 24 hours"),
    today: assumed(24, "§2.2.1: held for 24 hours, then sent offsite"),
  },
  transit: {
    unit: "hours",
    about: "how long media travel to the vault",
    paper: assumed(0, "Figure 7 counts none"),
    today: assumed(4, "assumed: a courier"),
  },
  recall: {
    unit: "hours",
    about: "how long it takes to get media back from the vault",
    paper: assumed(0, "§4.2: the media is immediately available and stored on an unlabeled shelf"),
    today: assumed(8, "assumed: a courier, in working hours"),
  },
};
