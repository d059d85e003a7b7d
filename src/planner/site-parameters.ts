import { assumed, GB, said, type ParameterSpec } from "./parameter-spec.ts";

const siteParameterNames = [
  "mail",
  "logs_per_day",
  "growth_per_year",
  "mailboxes",
  "hosts",
  "change_per_day",
  "playback_rate",
] as const;
export type SiteParameterName = (typeof siteParameterNames)[number];

/** What the site is: sizes, growth, change. */
export const siteParameters: Readonly<Record<SiteParameterName, ParameterSpec>> = {
  mail: {
    unit: "bytes",
    about: "mail in the store (the paper's database)",
    paper: said(60 * GB, "§4.1 note 8: 60GB exchange database"),
  },
  logs_per_day: {
    unit: "bytes",
    about: "what is new or rewritten in a day (the paper's transaction logs)",
    paper: said(2 * GB, "§4.1 note 8: 2GB/day for log files"),
  },
  growth_per_year: {
    unit: "share",
    about: "growth of the mail in a year; storage is bought for it (§3.3.5)",
    paper: assumed(0, "§3.3.5 says to account for growth; its figures count none"),
    today: assumed(0.2, "assumed: 20 % a year"),
  },
  mailboxes: {
    unit: "count",
    about: "mailboxes in the store",
    paper: assumed(600, "the paper names none; 100 MB each"),
  },
  hosts: {
    unit: "count",
    about: "mail servers that share the mail evenly and are recovered side by side",
    paper: assumed(1, "the paper's example is one server"),
  },
  change_per_day: {
    unit: "share",
    about: "share of the store's blocks that changes in a day (delta snapshots keep it)",
    paper: said(
      0.1,
      "§3.4.5: allocating 10% of the production storage size times the number of days",
    ),
  },
  playback_rate: {
    unit: "bytes/s",
    about: "how fast logs are played back (roll forward)",
    paper: said((2 * GB) / 2700, "§4.1 note 7: a linear rate of 45 minutes for 2GB"),
  },
};
