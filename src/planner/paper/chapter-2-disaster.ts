/** §2.2: disaster recovery options. */
import type { Statement } from "./statement.ts";

const compatibility = "src/planner/figure-1/compatibility.test.ts";
const model = "src/planner/model/figures.test.ts";
const shipped = {
  places: ["src/offsite/ship-tapes/"],
  tests: ["src/offsite/ship-tapes/"],
} as const;
const duplicate = {
  places: ["src/offsite/duplicate/"],
  tests: ["src/offsite/duplicate/"],
} as const;
/** The journal of continuous data protection, mirrored as it is made. */
const journalMirror = {
  places: ["src/journal/mirror/", "docs/operations/journal.md"],
  tests: ["test/mirror-ssh.test.ts", "test/lost-site.test.ts", "src/journal/mirror/"],
} as const;
const mirrors = { places: ["src/offsite/mirrors/"], tests: ["src/offsite/mirrors/"] } as const;
const snapshots = {
  places: ["src/offsite/remote-snapshots/"],
  tests: ["src/offsite/remote-snapshots/"],
} as const;

export const chapter2Disaster: readonly Statement[] = [
  {
    section: "2.2",
    words:
      "This offsite copy would be used to bring an email server up in the event of a site disaster at the local data center.",
    here: "the offsite copy opens as a Copy by itself: everything is recovered from it alone",
    ...duplicate,
    rests: ["option:duplicate-disk"],
  },
  {
    section: "2.2.1",
    words:
      "If the OR practice is to perform a backup to tape (B2T), then one option for DR is to simply move all of the backup tapes to an offsite location after each backup.",
    here: "the vault life of a tape: onsite, ejected, in transit, in the vault, recalled",
    ...shipped,
    rests: ["option:ship-tapes"],
  },
  {
    section: "2.2.1",
    words:
      "This may be the least expensive to implement in some cases, but it has a severe impact on the ability to perform Operational Recoveries.",
    here: "a recovery from tapes that are away counts the time to recall them",
    places: ["src/planner/model/disaster.ts"],
    tests: ["src/planner/model/disaster.test.ts", compatibility],
    rests: "D",
  },
  {
    section: "2.2.1",
    words:
      "For example, if the desired RPO for an application is 48 hours, and backups are performed nightly, held for 24 hours, then sent offsite, then the 48 hour RPO can be satisfied.",
    here: "computed: interval plus the time that a tape is held",
    places: ["src/planner/model/disaster.ts"],
    tests: [model],
    rests: "D",
  },
  {
    section: "2.2.1",
    words:
      "On the down side, any OR that requires an offsite tape will require a significant overhead to retrieve the offsite tape.",
    here: "a pull list for a restore, with the due-back of each tape",
    ...shipped,
    rests: ["option:ship-tapes"],
  },
  {
    section: "2.2.1",
    words:
      "The use of remote vaulting to create backup tapes directly over a network is also an alternative, but may require significant network bandwidth to handle all of the data movement.",
    here: "tapes written on another host",
    places: ["src/offsite/vault-tapes/"],
    tests: ["src/offsite/vault-tapes/"],
    rests: ["option:vault-tapes"],
  },
  {
    section: "2.2.2",
    words:
      "Duplicating backup copies to an offsite location may be duplicating a backup copy from a B2T or B2D operation.",
    here: "`restante duplicate`: chosen moments of a repository into another one",
    ...duplicate,
    rests: ["option:duplicate-disk"],
  },
  {
    section: "2.2.2",
    words: "These duplicates are then stored offsite.",
    here: "a second repository in another place, which opens without the first",
    ...duplicate,
    rests: ["option:duplicate-disk"],
  },
  {
    section: "2.2.2",
    words: "The destination media may also be tape or disk.",
    here: "duplicates on tape",
    places: ["src/offsite/duplicate-tapes/"],
    tests: ["src/offsite/duplicate-tapes/"],
    rests: ["option:duplicate-tapes", "option:duplicate-disk"],
  },
  {
    section: "2.2.2",
    words:
      "Remote vaulting, which is the writing of backup copies over a WAN to a DR vault is most efficient when used to duplicate, rather than originate, backup copies since it provides a utilization of network and backup server bandwidth that does not impact the production servers.",
    here: "the duplicate is read from the copy, and only what the far side lacks is sent",
    ...duplicate,
    rests: ["option:duplicate-disk"],
  },
  {
    section: "2.2.2",
    words:
      "This practice also eliminates tape transportation costs, but requires adequate network bandwidth to be able to duplicate the backup copies.",
    here: "a network that a day's changes do not get through in a day is named",
    places: ["src/planner/model/disaster.ts"],
    tests: ["src/planner/model/disaster.test.ts", "src/planner/ranking/evaluate.test.ts"],
    rests: "D",
  },
  {
    section: "2.2.2",
    words:
      "it is also possible to duplicate backup copies to a disk located in a remote DR vault as well.",
    here: "a repository there; verified there",
    ...duplicate,
    rests: ["option:duplicate-disk"],
  },
  {
    section: "2.2.2",
    words: "In general, backup applications have built-in duplication capabilities.",
    here: "built in, and restic's own copy works on the same repositories",
    places: ["docs/formats/repository.md"],
    tests: ["test/interop.test.ts"],
    rests: "B",
  },
  {
    section: "2.2.3",
    words:
      "In general, these can also be used as part of a “high availability” solution in addition to use for Disaster Recovery.",
    here: "failover to a mirror",
    ...mirrors,
    rests: ["option:mirror-failover"],
  },
  {
    section: "2.2.3",
    words:
      "In the application-integrated case, each “object” written to the data store is also copied and forwarded to a secondary server.",
    here: "each delivery to a second server",
    ...mirrors,
    rests: ["option:mirror-application"],
  },
  {
    section: "2.2.3",
    words:
      "This method has the advantage of providing object-level granularity for Disaster Recovery operations.",
    here: "the planner counts it: messages from an application's mirror, volumes from a host's",
    places: ["src/planner/figure-1/traits.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "2.2.3",
    words:
      "Third party solutions can also be used to copy each disk write operation (block level or file-level) to a secondary server, which then writes the same block (or file) to its file system.",
    here: "a mirror of writes by the host",
    ...mirrors,
    rests: ["option:mirror-host"],
  },
  {
    section: "2.2.3",
    words:
      "Host-based mirrors are limited to DR solutions since they do not provide multiple recoverable copies of data from different points in time, and each solution also propagates any corruption or application errors immediately from the production storage to secondary storage.",
    here: "a mirror never serves as operational recovery, and survives neither corruption nor a user's error",
    places: ["src/planner/figure-1/traits.ts"],
    tests: [compatibility, "src/planner/model/disaster.test.ts"],
    rests: "D",
  },
  {
    section: "2.2.3",
    words:
      "This means there will usually be a small window of data that is vulnerable to being lost.",
    here: "an asynchronous mirror has an RPO of minutes, from its lag; that of the journal's mirror is shown as events, bytes and time in `restante status`",
    places: [...journalMirror.places, "src/planner/model/disaster.ts"],
    tests: [...journalMirror.tests, model],
    rests: ["option:protected-cdp"],
  },
  {
    section: "2.2.3",
    words:
      "It is important to maintain order of delivery across multiple mirrored volumes across multiple TCP/IP connections for multiple volumes.",
    here: "the journal has one sequence for all volumes of a store, and its mirror only ever adds the next event; block mirrors of volumes are not made here",
    ...journalMirror,
    rests: ["option:protected-cdp"],
  },
  {
    section: "2.2.3",
    words:
      "A best practice method to do this is to utilize host based mirrors for log mirroring only, then use point-in-time replicas or backup copies for database copies.",
    here: "the journal alone is mirrored, and backup copies, its bases, are duplicated beside it; a server's own logs are mirrored by nothing here, and are a choice of the planner",
    places: [...journalMirror.places, "src/planner/model/choices.ts"],
    tests: [...journalMirror.tests, model, "src/planner/model/disaster.test.ts"],
    rests: ["option:protected-cdp", "option:duplicate-disk"],
  },
  {
    section: "2.2.3",
    words:
      "Synchronous remote mirrors ensure that every disk write is completed to both the primary and secondary storage device before acknowledging the write to the application.",
    here: "a synchronous mirror",
    ...mirrors,
    rests: ["option:mirror-sync"],
  },
  {
    section: "2.2.3",
    words: "Due to latency issues, synchronous can only be done over shorter distances.",
    here: "a site farther away than that is told so",
    places: ["src/planner/model/disaster.ts"],
    tests: [compatibility],
    rests: "D",
  },
  {
    section: "2.2.3",
    words: "Array-based remote mirrors provide crash-consistent images for DR.",
    here: "a mirror by an array",
    ...mirrors,
    rests: ["option:mirror-array"],
  },
  {
    section: "2.2.4",
    words:
      "Remote snapshots are storage array-based solutions in which one or more recoverable, stable, copies of data are maintained.",
    here: "snapshots kept at the other site",
    ...snapshots,
    rests: ["option:snapshots-copied"],
  },
  {
    section: "2.2.4",
    words:
      "Copy of a remote mirror: This can be done by quiescing a remote mirror and creating a clone or delta snapshot from that.",
    here: "snapshots of a mirror that stands still",
    ...snapshots,
    rests: ["option:snapshots-of-mirror"],
  },
  {
    section: "2.2.4",
    words:
      "Copy of local snapshot: This can be done by producing a stable clone or delta snapshot locally, then copying that disk image to a remote array.",
    here: "a local snapshot, copied to the other host",
    ...snapshots,
    rests: ["option:snapshots-copied"],
  },
  {
    section: "2.2.4",
    words:
      "Propagate local snapshots to remote site: This can be done by producing a stable snapshot locally, then propagating the changes in that snapshot to the remote site.",
    here: "what changed between two snapshots, sent to the other host",
    ...snapshots,
    rests: ["option:snapshots-propagated"],
  },
  {
    section: "2.2.4",
    words:
      "An additional value of remote snapshots is that they provide multiple copies from which a DR can be performed.",
    here: "images are counted per option; mirrors have one",
    places: ["src/planner/model/rotation.ts"],
    tests: [compatibility],
    rests: "D",
  },
];
