import type { OptionSpec } from "./arguments.ts";

/** Options of every verb. */
export const commonOptions: readonly OptionSpec[] = [
  {
    name: "copy",
    value: "REPO",
    about:
      "the repository: a folder, ssh://user@host/folder, or the name of a copy in the configuration (also RESTANTE_REPOSITORY, RESTIC_REPOSITORY)",
    complete: "folder",
  },
  {
    name: "config",
    value: "FILE",
    about: "the configuration (default: ./restante.yaml, then /etc/restante/config.yaml)",
    complete: "file",
  },
  {
    name: "retry-lock",
    value: "DURATION",
    about:
      "wait so long for a lock that another run holds, for example 10m (default: not at all; exit code 11)",
  },
  { name: "no-config", about: "use no configuration, also where there is one" },
  {
    name: "json",
    about: "JSON for programs: one document, or one line per event with a final summary",
  },
  { name: "quiet", short: "q", about: "only results and errors, no progress" },
  { name: "help", short: "h", about: "the help of this verb" },
];

/** Options that several verbs share. */
export const at: OptionSpec = {
  name: "at",
  value: "T",
  about: `the moment: 14:03:07, "yesterday 17:00", -2h, an RFC 3339 time, before:alarm-1, latest, or a snapshot ID of 8 or more digits`,
  complete: ["latest"],
};
export const from: OptionSpec = {
  name: "from",
  value: "METHOD",
  about: "insist on one method, or on one copy by its name, where there are several",
  complete: ["disk", "tape", "clones", "deltas", "duplicate"],
};
export const group: OptionSpec = {
  name: "group",
  value: "GROUP",
  about: "the protection group, where a folder stands in several",
};
export const arrived: readonly OptionSpec[] = [
  {
    name: "arrived",
    about:
      "mail that came in through the delivery stage, which the server took, and which was not seen in its store",
  },
  {
    name: "journal",
    value: "DIR",
    about:
      "with --arrived: the journal of a delivery stage of its own (TARGET is then an address, a pattern, or a folder for all)",
    complete: "folder",
  },
];
export const zone: OptionSpec = {
  name: "zone",
  value: "ZONE",
  about:
    "time zone for reading and showing times (default: the configuration's, then this machine's)",
};
export const dryRun: OptionSpec = {
  name: "dry-run",
  short: "n",
  about: "show what would be done and do nothing",
};
export const yes: OptionSpec = { name: "yes", short: "y", about: "do not ask" };

/** Says in each verb's help what a target is. */
export const targetText =
  "TARGET is a folder (or a path within it), or, with a configuration, a mailbox address, a server's name, server/line or a pattern such as *@sales.example.org; a path within a mailbox follows after a slash. One message is its file, FOLDER#UID, or the ID that `restante find` gives (m:1f3a52c80b7d).";
