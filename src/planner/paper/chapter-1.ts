/** §1.1 to §1.3: scope, tiers and layers, what recoverability is. */
import type { Statement } from "./statement.ts";

const tiersPage = "docs/guide/tiers.md";
const tiersTest = "src/planner/tiers/tiers.test.ts";
const applicability = "docs/methods/applicability.md";

export const chapter1: readonly Statement[] = [
  {
    section: "1.1.1",
    words:
      "The best practices defined in this paper mostly ignore the storage infrastructure beneath the email server, except to specify what functionality is required from the infrastructure for different solutions.",
    here: "an Image hides what lies beneath; what a combination needs of the site is asked and held against it",
    places: ["src/image/", "src/planner/ranking/site-violations.ts"],
    tests: ["src/image/directory-image.test.ts", "src/planner/ranking/ranking.test.ts"],
    rests: "B",
  },
  {
    section: "1.1.1",
    words:
      "Hence, best practices may be applicable to DAS, SAN, and NAS[…] storage configurations in some cases, or only one in other cases.",
    here: "any folder that is mounted can be captured; a volume is known by an identity that survives mounts",
    places: ["src/image/volume.ts"],
    tests: ["src/image/volume.test.ts", "test/unmounted.test.ts"],
    rests: "B",
  },
  {
    section: "1.1.2",
    words:
      "Specific application notes define the applicability of the following email servers to the data recovery practices described herein",
    here: "every method on every server, with verdict, reason, source and evidence",
    places: [applicability, "src/planner/figure-1/applicability.ts"],
    tests: ["src/planner/figure-1/applicability.test.ts"],
    rests: "D",
  },
  {
    section: "1.1.2",
    words:
      "Microsoft Exchange 5.5, 2000, and 2003 – includes some practices (such as the use of VSS) that are specific to only Exchange 2003",
    here: "the planner knows the three versions and what each can; nothing of Exchange is read or captured",
    places: [applicability, "src/planner/figure-1/applicability-exchange.ts"],
    tests: ["src/planner/figure-1/applicability.test.ts"],
    rests: "D",
  },
  {
    section: "1.1.2",
    words: "Lotus Domino Server versions 5, 6, and 6.5",
    here: "the planner knows the three versions and what each can; nothing of Domino is read or captured",
    places: [applicability, "src/planner/figure-1/applicability-domino.ts"],
    tests: ["src/planner/figure-1/applicability.test.ts"],
    rests: "D",
  },
  {
    section: "1.1.2",
    words: "Unix-based SMTP mail servers",
    here: "Maildir, sdbox, mdbox, mbox and Cyrus stores are captured, and their mail is read without the server",
    places: ["src/mail/", "docs/guide/servers.md"],
    tests: [
      "test/live-store.test.ts",
      "test/dovecot-listing.test.ts",
      "test/cyrus-listing.test.ts",
    ],
    rests: "A",
  },
  {
    section: "1.2",
    words:
      "Tiers of service: data recovery best practices can be organized in tiers of service with the best performing, most flexible, most complete services at one end of the spectrum – usually with the highest costs.",
    here: "a catalogue of tiers, each asking more than the one before it and never cheaper",
    places: [tiersPage, "src/planner/requirements/standard-tiers.ts"],
    tests: [tiersTest],
    rests: "D",
  },
  {
    section: "1.2",
    words:
      "Aligning the appropriate data recovery services to an email application is dependent on determining the value of that information and the acceptable risk associated with its protection.",
    here: "requirements hold what an hour without mail costs and the risk that is borne, per line of business",
    places: ["docs/guide/requirements.md"],
    tests: ["src/planner/requirements/parse-requirements.test.ts"],
    rests: "D",
  },
  {
    section: "1.2",
    words:
      "One way to approach this is to consider the tiers of service available in the industry today as the tiers of service from which to select, and then deploy needed services on a case-by-case basis.",
    here: "standard tiers that a line of business names, with its own words beside them",
    places: [tiersPage, "src/planner/requirements/read-tiers.ts"],
    tests: ["src/planner/requirements/tiers-of-requirements.test.ts"],
    rests: "D",
  },
  {
    section: "1.2",
    words:
      "In a larger, more sophisticated IT environment, multiple levels of service for data recovery may be deployed and available within an enterprise, and the IT customers (the lines of business) choose data recovery services commensurate with the value of email to that line of business.",
    here: "lines of business of one server are protected apart: own mailboxes, tier, retention and moments",
    places: ["docs/guide/configuration.md", "src/policy/protection-group.ts"],
    tests: ["src/cli/configured.test.ts"],
    rests: "B",
  },
  {
    section: "1.2",
    words:
      "Layers of protection: Operational Recovery and Disaster Recovery, which are defined in Section 1.3, are separate practices to be planned for each application.",
    here: "objectives, windows and times of both layers, each by itself",
    places: ["src/planner/ranking/objectives.ts"],
    tests: ["src/planner/ranking/ranking.test.ts"],
    rests: "D",
  },
  {
    section: "1.2",
    words:
      "As a best practice, however, these practices also need to be complementary and coordinated.",
    here: "both layers are chosen together, and held against every kind of loss",
    places: ["src/planner/ranking/candidates.ts", "src/planner/coverage/windows.ts"],
    tests: ["src/planner/coverage/coverage.test.ts"],
    rests: "D",
  },
  {
    section: "1.2",
    words:
      "If the local Operational Recovery practice utilizes disk-based protection, then the site Disaster Recovery practice should leverage those stable copies of data as their source.",
    here: "chosen moments of a repository are duplicated from the copy, not from the server",
    places: ["src/offsite/duplicate/"],
    tests: ["src/offsite/duplicate/"],
    rests: ["option:duplicate-disk"],
  },
  {
    section: "1.2",
    words:
      "Likewise, the Disaster Recovery practice should create an extra layer of protection for beyond the window of time protected by local Operational Recovery.",
    here: "the windows of both layers are laid over time, and a lapse between them is named",
    places: ["src/planner/coverage/lapses.ts"],
    tests: ["src/planner/coverage/coverage.test.ts"],
    rests: "D",
  },
  {
    section: "1.3",
    words:
      "“Data Recoverability” assumes that something physical or logical has gone wrong, and requires that an earlier, stable, copy of the application’s data be restored.",
    here: "`restante restore`: any moment of a copy, in place or elsewhere",
    places: ["docs/guide/restore.md", "src/recovery/"],
    tests: ["src/cli/end-to-end.test.ts", "test/interop.test.ts"],
    rests: "B",
  },
  {
    section: "1.3",
    words: "Logical failures include software errors, user errors, virus attacks, and more.",
    here: "each is a kind of loss that a plan is held against, from one message to the site",
    places: ["src/planner/figure-1/names.ts", "src/planner/ranking/evaluate.ts"],
    tests: ["src/planner/ranking/evaluate.test.ts"],
    rests: "D",
  },
  {
    section: "1.3",
    words:
      "Protecting the data in a email application requires that two separate areas of data recoverability be addressed",
    here: "a plan without disaster recovery is refused unless its loss is accepted in so many words",
    places: ["src/planner/ranking/candidates.ts"],
    tests: ["src/planner/figure-1/compatibility.test.ts"],
    rests: "D",
  },
  {
    section: "1.3",
    words:
      "Local Operational Recovery: How do I want to recover in the local data center from logical errors and corruptions?",
    here: "the runbook has a section for each such loss, with commands where this version restores",
    places: ["src/planner/plan/runbook.ts"],
    tests: ["src/planner/plan/runbook.test.ts", "test/runbook-commands.test.ts"],
    rests: "D",
  },
  {
    section: "1.3",
    words: "Site Disaster Recovery: How do I want to recover from a site disaster?",
    here: "the runbook's section on the loss of the site, and the copy that survives it",
    places: ["src/planner/plan/runbook-site.ts"],
    tests: ["src/planner/plan/runbook.test.ts"],
    rests: "D",
  },
  {
    section: "1.3",
    words:
      "This white paper should help in creating such a plan for each business, but it is not intended to replace that planning process.",
    here: "the runbook says at its top that its times are for data recovery alone, and what is not covered",
    places: ["src/planner/plan/runbook-front.ts"],
    tests: ["src/planner/plan/runbook.test.ts"],
    rests: "D",
  },
  {
    section: "1.3.1",
    words:
      "OR is used to correct “operational” problems such as a corrupt database, user error or hardware failure in the local data center.",
    here: "an emptied or scrambled mailbox comes back, message by message or as it was",
    places: ["src/recovery/"],
    tests: ["src/recovery/restore-maildir.test.ts", "src/recovery/restore-maildir-exact.test.ts"],
    rests: "B",
  },
  {
    section: "1.3.1",
    words:
      "Due to this impact, OR may have much more stringent time objectives than those for other applications.",
    here: "RPO and RTO of operational recovery are objectives of their own, and `status` says when the RPO is missed",
    places: ["src/cli/commands/status.ts"],
    tests: ["src/cli/configured.test.ts"],
    rests: "B",
  },
  {
    section: "1.3.2",
    words:
      "Therefore, in order to provide useful and meaningful best practices, this paper focuses only on aspects of DR data recovery practices and their implications.",
    here: "plans, figures and runbooks say that their times are those of data recovery",
    places: ["src/planner/plan/runbook-front.ts", "src/planner/answers/figures-report.ts"],
    tests: ["src/planner/plan/runbook.test.ts"],
    rests: "D",
  },
];
