import { assumed, fitted, GB, MB, said, type ParameterSpec } from "./parameter-spec.ts";

const mediaParameterNames = [
  "tape_rate",
  "tape_log_rate",
  "tape_load",
  "tape_streams",
  "tape_capacity",
  "disk_rate",
  "disk_log_rate",
  "disk_setup",
  "replica_setup",
  "remote_mount",
  "cdp_recovery",
  "cdp_factor",
  "mirror_lag",
] as const;
export type MediaParameterName = (typeof mediaParameterNames)[number];

/** What the paper's media and replicas do: rates and set-up times. */
export const mediaParameters: Readonly<Record<MediaParameterName, ParameterSpec>> = {
  tape_rate: {
    unit: "bytes/s",
    about: "restore from one tape stream",
    paper: said({ low: 10 * MB, high: 55 * MB }, "§4.1 note 9: transfer rates of 55 & 10 MB/sec"),
    today: assumed(
      { low: 100 * MB, high: 300 * MB },
      "assumed: LTO-8 on files, behind a disk spool",
    ),
  },
  tape_log_rate: {
    unit: "bytes/s",
    about: "restore of log files from tape",
    paper: said(
      { low: 5 * MB, high: 20 * MB },
      "§4.1 note 11: 20 & 5 MB/sec due to smaller file processing",
    ),
    today: assumed(
      { low: 30 * MB, high: 100 * MB },
      "assumed: a third of the rate for large files",
    ),
  },
  tape_load: {
    unit: "minutes",
    about: "loading and positioning a tape",
    paper: fitted(
      2,
      "note 9 says “a couple minutes to load and position”; 2 minutes fit all tape rows",
    ),
  },
  tape_streams: {
    unit: "count",
    about: "tape drives that read side by side (§3.1.5)",
    paper: assumed(1, "one stream fits Figure 6"),
  },
  tape_capacity: {
    unit: "bytes",
    about: "mail that one tape holds",
    paper: assumed(100 * GB, "the paper names none; LTO-1 of its day held 100 GB"),
    today: assumed(12_000 * GB, "assumed: LTO-8 holds 12 TB"),
  },
  disk_rate: {
    unit: "bytes/s",
    about: "restore from a backup copy on disk",
    paper: said(65 * MB, "§4.1 note 12: a 65 MB/sec transfer rate"),
    today: assumed(200 * MB, "assumed: one array of hard disks, sequential"),
  },
  disk_log_rate: {
    unit: "bytes/s",
    about: "restore of log files from disk",
    paper: fitted(20 * MB, "the tape's upper rate for log files gives Figure 6's 64 minutes"),
    today: assumed(100 * MB, "assumed: half of the rate for large files"),
  },
  disk_setup: {
    unit: "minutes",
    about: "finding and opening a backup copy on disk",
    paper: fitted(0.7, "gives Figure 6's 62 minutes"),
  },
  replica_setup: {
    unit: "minutes",
    about:
      "selecting a clone or delta snapshot and starting the server on it (protected instant restore)",
    paper: fitted(2.5, "gives Figure 6's 25 and 10 minutes"),
  },
  remote_mount: {
    unit: "minutes",
    about: "mounting a replica and starting a server at the recovery site",
    paper: fitted(
      5,
      "Figure 7's 5 minutes; with mirrored logs the figure's 25 minutes need the 2.5 of Figure 6 instead",
    ),
  },
  cdp_recovery: {
    unit: "minutes",
    about: "mounting and verifying a moment of continuous protection, up to copying the image back",
    paper: said(
      { low: 5, high: 30 },
      "Figure 6: 5-30 minutes; note 13: varies with implementation",
    ),
  },
  cdp_factor: {
    unit: "× data",
    about: "storage of continuous protection of disk writes, as a multiple of the mail",
    paper: said(
      { low: 1.5, high: 2 },
      "§3.5.5: approximately 1.5 to 2 times the size of the protected storage",
    ),
  },
  mirror_lag: {
    unit: "minutes",
    about: "how far an asynchronous mirror may be behind",
    paper: assumed(5, "Figure 7 says “Minutes”; 5 is assumed"),
  },
};
