/** §1.4: how to determine what is needed. */
import type { Statement } from "./statement.ts";

const coverage = "src/planner/coverage/coverage.test.ts";
const ranking = "src/planner/ranking/ranking.test.ts";
const model = "src/planner/model/figures.test.ts";

export const requirementsStatements: readonly Statement[] = [
  {
    section: "1.4.1",
    words:
      "Recovery Point Objective (RPO): The maximum desired time period prior to a failure or disaster during which changes to data may be lost as a worst case consequence of recovery.",
    here: "`lose_at_most`; what was achieved is the worst gap between the moments of a copy, until now included",
    places: ["src/planner/measured-moments.ts", "src/cli/commands/figures.ts"],
    tests: ["src/planner/measured-moments.test.ts", "src/cli/commands/figures.test.ts"],
    rests: "B",
  },
  {
    section: "1.4.1",
    words:
      "Data changes preceding the failure or disaster by at least this time period are preserved by recovery.",
    here: "a capture of a store in use holds every message that was there throughout",
    places: ["src/image/", "src/sources/live.ts"],
    tests: ["test/live-store.test.ts"],
    rests: "A",
  },
  {
    section: "1.4.1",
    words: "Zero is a valid value and is equivalent to a “zero data loss” requirement.",
    here: "an RPO of 0 may be asked for; the planner names what reaches it",
    places: ["src/planner/ranking/objective-violations.ts"],
    tests: [ranking],
    rests: "D",
  },
  {
    section: "1.4.1",
    words:
      "Recovery Time Objective (RTO): The maximum[…] desired time period required to bring one or more applications and associated data back to a correct operational state.",
    here: "`back_within`; every restore records its RTO by phase, with the amount of mail and the date",
    places: ["docs/operations/proof.md", "src/cli/run-results.ts"],
    tests: ["src/cli/run-results.test.ts", "src/cli/commands/figures.test.ts"],
    rests: "B",
  },
  {
    section: "1.4.1",
    words:
      "the worst case recovery assumes that the transaction logs are not available for rolling forward due to corruption or failure.",
    here: "every RPO is a pair: logs survive, logs lost",
    places: ["src/planner/model/estimate.ts"],
    tests: ["src/planner/ranking/ranking-properties.test.ts"],
    rests: "D",
  },
  {
    section: "1.4.1",
    words:
      "The maximum time for email servers requires time to recover the databases, plus time to playback transaction logs from an entire RPO window.",
    here: "RTO is the sum of its phases, the playback of logs among them",
    places: ["src/planner/model/situation.ts"],
    tests: [model],
    rests: "D",
  },
  {
    section: "1.4.1",
    words:
      "Different methods of data protection provide different levels of performance for RPO and RTO.",
    here: "every method is estimated for the site's own numbers",
    places: ["src/planner/model/operational.ts"],
    tests: ["src/planner/model/operational.test.ts"],
    rests: "D",
  },
  {
    section: "1.4.1",
    words: "Never select a solution based simply on RTO and RPO – examine the whole picture.",
    here: "the ranking stands beside impact, granularity, images, recall, losses survived and sources",
    places: ["src/planner/answers/ranking-report.ts"],
    tests: ["src/planner/answers/answers.test.ts"],
    rests: "D",
  },
  {
    section: "1.4.2",
    words:
      "It is critical to have multiple recoverable images from which to choose for a complete Operational Recovery solution.",
    here: "every capture adds a whole moment; all can be listed, opened and restored",
    places: ["src/copies/", "docs/methods/backup-to-disk.md"],
    tests: ["src/methods/disk/disk-copy.test.ts", "src/cli/moments.test.ts"],
    rests: "B",
  },
  {
    section: "1.4.2",
    words:
      "This recovery requires that the administrator identify the time of the attack, and then select the last OR image taken before that time.",
    here: "`--at`: the newest moment at or before an instant; `diff` shows what happened since",
    places: ["src/cli/moments.ts", "src/cli/commands/diff.ts"],
    tests: ["src/cli/moments.test.ts", "src/recovery/diff-images.test.ts"],
    rests: "B",
  },
  {
    section: "1.4.2",
    words:
      "The more fine-grained the RPO, then the less time that may have transpired between the last valid recoverable copy and the attack.",
    here: "more frequent copies never worsen an RPO; unchanged mail is neither read nor stored again",
    places: ["src/repository/scan-cache.ts", "src/planner/model/operational.ts"],
    tests: ["test/read-once.test.ts", "src/planner/ranking/ranking-properties.test.ts"],
    rests: "B",
  },
  {
    section: "1.4.2",
    words:
      "Studies[…] have shown that most Operational Recoveries take place within 48 hours of a failure event",
    here: "the timeline of windows marks the 48 hours",
    places: ["src/planner/report/svg-timeline.ts"],
    tests: ["src/planner/report/html.test.ts", "src/planner/report/text.test.ts"],
    rests: "D",
  },
  {
    section: "1.4.2",
    words:
      "But current best practices generally limit disk-based protection to fairly short retention and rotation periods measured from hours to days.",
    here: "retention in plain English, slot by slot; it stops while a store has shrunk sharply",
    places: ["src/policy/retention-rule.ts", "src/policy/expiry.ts"],
    tests: ["src/policy/expiry.test.ts", "src/policy/shrink-alarm.test.ts"],
    rests: "B",
  },
  {
    section: "1.4.2",
    words:
      "If a security attack goes unnoticed, and occurs at the beginning of a long weekend, then it may require additional layers of protection to provide a recoverable image.",
    here: "an attack found late is a loss of its own, as old as the site says",
    places: ["src/planner/coverage/recovery-age.ts"],
    tests: [coverage],
    rests: "D",
  },
  {
    section: "1.4.2",
    words:
      "The first layer of OR may be disk-based in order to provide the best RPO and RTO, but then DR tapes may be used for OR beyond the window of available recoveries from the disk-based replicas.",
    here: "the planner recalls the other layer's copies, with the time that takes; choosing them in a restore is planned",
    places: ["src/planner/ranking/evaluate.ts"],
    tests: ["src/planner/ranking/evaluate.test.ts"],
    rests: "D",
  },
  {
    section: "1.4.2",
    words:
      "This requires a seamless match of OR and DR planning in order to avoid inadvertent lapses of protection.",
    here: "lapses are found, named and drawn",
    places: ["src/planner/coverage/lapses.ts"],
    tests: [coverage],
    rests: "D",
  },
  {
    section: "1.4.3",
    words:
      "If there is a requirement to restore fine-grained objects, such as mail messages, then this can impact the method used to capture data for recovery.",
    here: "granularity is a requirement that combinations are held against",
    places: ["src/planner/ranking/choice-violations.ts"],
    tests: ["src/planner/ranking/evaluate.test.ts"],
    rests: "D",
  },
  {
    section: "1.4.3",
    words:
      "This is not a good match for fine-grained restores since all email (and non-email) files on that volume are restored along with the desired email file(s).",
    here: "a message, folder or mailbox comes back alone: the rest is neither read nor touched",
    places: ["src/recovery/plan-mailbox.ts", "docs/guide/restore.md"],
    tests: ["src/recovery/restore-maildir.test.ts", "src/cli/end-to-end.test.ts"],
    rests: "B",
  },
  {
    section: "1.4.3",
    words:
      "Use replicas in combination with email readers: Third party products that read replicas of email databases are able to browse, copy, and paste desired objects from replicas back to production data.",
    here: "the reader is built in and works on any Image: `ls`, `find`, `show`, `export`, `restore --to imap`",
    places: ["src/mail/mail-store.ts", "src/recovery/messages/", "docs/guide/help-desk.md"],
    tests: [
      "src/cli/every-layout.test.ts",
      "src/cli/help-desk.test.ts",
      "test/restore-imap.test.ts",
    ],
    rests: "B",
  },
  {
    section: "1.4.3",
    words:
      "Use continuous data protection (CDP): Some implementations of this technology, while still evolving, offer the ability to provide the same RPO/RTO times of replicas in conjunction with the ability to mount images from any point in time in order to browse, copy, and paste desired objects.",
    here: "a journal of every change that was noticed, any instant of which opens as an Image for `ls`, `show`, `export`, `restore`; nothing is mounted",
    places: ["src/journal/", "src/methods/cdp/", "docs/guide/any-moment.md"],
    tests: ["test/any-moment.test.ts", "test/continuous-dovecot.test.ts"],
    rests: ["method:journal"],
  },
  {
    section: "1.4.4",
    words:
      "a budget is assigned within which the best possible data recovery strategy is deployed; or, an appropriate data recovery strategy commensurate with the value of email to the business is defined and deployed.",
    here: "either: a budget is a requirement, and what outages cost is a part of the total",
    places: ["src/planner/ranking/cost.ts"],
    tests: [ranking],
    rests: "D",
  },
  {
    section: "1.4.4",
    words:
      "If the business has a 1$M/hour payroll, and the loss of email impacts productivity by 30%, then 1 hour of downtime will cost the business $300K.",
    here: "`payroll` and `productivity_lost_without_mail`, multiplied",
    places: ["src/planner/ranking/payback.ts", "docs/guide/requirements.md"],
    tests: [ranking],
    rests: "D",
  },
  {
    section: "1.4.4",
    words:
      "If a $500K investment in improved data recovery methods pays for itself by reducing the recovery time from 2 hours to 20 minutes after the first email downtime event – would that be considered a justifiable cost?",
    here: "against what is in place: investment, savings, payback in months and in outages",
    places: ["src/planner/ranking/payback.ts"],
    tests: [ranking],
    rests: "D",
  },
  {
    section: "1.4.4",
    words: "This can also be viewed in terms of risk tolerance.",
    here: "`risk`: who tolerates it plans with the middle of a range, others with its worst end",
    places: ["src/planner/ranking/objectives.ts"],
    tests: [ranking],
    rests: "D",
  },
  {
    section: "1.4.4",
    words:
      "For example, replica-based solutions may be leveraged to create copies of important databases on a regular basis that are then repurposed for use in data mining or business intelligence applications.",
    here: "what repurposing is worth counts against the cost of a combination that gives replicas",
    places: ["docs/guide/requirements.md", "src/planner/ranking/cost.ts"],
    tests: ["src/planner/ranking/evaluate.test.ts"],
    rests: "D",
  },
  {
    section: "1.4.4",
    words: "Shouldn’t each be able to assess its own impact of email down time?",
    here: "each line of business states payroll and productivity lost of its own",
    places: ["src/planner/requirements/classified-lines.ts"],
    tests: ["src/planner/requirements/parse-classification.test.ts"],
    rests: "D",
  },
  {
    section: "1.4.4",
    words:
      "Thus, there may be a need to deploy multiple methods of OR and DR within an enterprise for the same application.",
    here: "a plan chooses for each line of business; a configuration gives each its tier, copy and moments",
    places: ["src/planner/plan/plan.ts", "src/policy/protection-group.ts"],
    tests: ["src/planner/plan/write-config.test.ts", "src/cli/configured.test.ts"],
    rests: "B",
  },
  {
    section: "1.4.4",
    words:
      "Each method would represent a different level, or tier, of service provided by the IT Organization in support of data recoverability.",
    here: "`restante tier`: a catalogue with promise, price and proof",
    places: ["docs/guide/tiers.md", "src/planner/tiers/"],
    tests: ["src/planner/tiers/tiers.test.ts", "src/cli/tier/tier.test.ts"],
    rests: "D",
  },
  {
    section: "1.4.4",
    words:
      "Corporate-wide data classification efforts are often useful in ranking the value of data to the lines of business, and associating those rankings with available and desired tiers of service for storage, protection, and security of data.",
    here: "`restante tier classify`: a table of lines of business and tiers, priced",
    places: ["src/planner/tiers/price-classification.ts", "docs/guide/tiers.md"],
    tests: ["src/planner/tiers/classification.test.ts"],
    rests: "D",
  },
];
