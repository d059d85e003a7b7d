import type { BoxId, Statement } from "./statement.ts";

/** One way to do what a box says. */
export type BoxForm = {
  readonly id: BoxId;
  /** Short, beside the box's own words; "" where the box has one form. */
  readonly form: string;
  /** Where it is, or will be. */
  readonly place: string;
  /** Files or folders of tests. */
  readonly tests: readonly string[];
};

/** A box of Figure 1 as the paper prints it, with its forms: the paper's first, today's after them. */
export type PrintedBox = {
  readonly printed: string;
  /** As the first page says it. */
  readonly name: string;
  readonly column: "source" | "method" | "option";
  readonly section: string;
  readonly forms: readonly BoxForm[];
};

function form(id: BoxId, words: string, at: { place: string; tests?: readonly string[] }): BoxForm {
  return { id, form: words, place: at.place, tests: at.tests ?? [at.place] };
}

function at(
  place: string,
  ...tests: readonly string[]
): { place: string; tests?: readonly string[] } {
  return tests.length === 0 ? { place } : { place, tests };
}

export const printedSources: readonly PrintedBox[] = [
  {
    printed: "Offline",
    name: "Offline",
    column: "source",
    section: "2.1",
    forms: [
      form("source:offline", "", at("src/sources/offline.ts", "src/sources/offline.test.ts")),
    ],
  },
  {
    printed: "Backup API",
    name: "Backup API",
    column: "source",
    section: "2.1",
    forms: [form("source:backup-api", "", at("src/sources/backup-api/"))],
  },
  {
    printed: "Hot Split Snapshot",
    name: "Hot split snapshot",
    column: "source",
    section: "2.1",
    forms: [form("source:hot-split", "", at("src/sources/hot-split/"))],
  },
  {
    printed: "App-Integrated Snapshot",
    name: "App-integrated snapshot",
    column: "source",
    section: "2.1",
    forms: [form("source:app-snapshot", "", at("src/sources/app-snapshot/"))],
  },
  {
    printed: "Live Application",
    name: "Live application",
    column: "source",
    section: "2.1",
    forms: [
      form(
        "source:live-object",
        "object level, continuous and on demand",
        at(
          "src/sources/continuous/",
          "src/sources/continuous/",
          "test/continuous-dovecot.test.ts",
          "src/sources/live.test.ts",
          "test/live-store.test.ts",
        ),
      ),
      form("source:live-write", "disk writes", at("src/sources/live-write/")),
    ],
  },
];

export const printedMethods: readonly PrintedBox[] = [
  {
    printed: "Backup to Tape (B2T)",
    name: "Backup to tape",
    column: "method",
    section: "3.1",
    forms: [form("method:tape", "", at("src/methods/tape/"))],
  },
  {
    printed: "Backup to Disk (B2D)",
    name: "Backup to disk",
    column: "method",
    section: "3.2",
    forms: [
      form("method:disk", "full copies", at("src/methods/full-copies/")),
      form("method:virtual-tape", "virtual tape", at("src/methods/tape/")),
      form(
        "method:disk-deduplicated",
        "deduplicated",
        at("src/methods/disk/", "src/methods/disk/", "test/interop.test.ts"),
      ),
      form("method:object-storage", "object storage", at("src/storage/object-storage/")),
    ],
  },
  {
    printed: "Rotate Full Snapshots",
    name: "Rotate full snapshots (clones)",
    column: "method",
    section: "3.3",
    forms: [form("method:clones", "", at("src/methods/clones/"))],
  },
  {
    printed: "Rotate Delta Snapshots",
    name: "Rotate delta snapshots",
    column: "method",
    section: "3.4",
    forms: [form("method:deltas", "", at("src/methods/deltas/"))],
  },
  {
    printed: "Continuous Data Protection",
    name: "Continuous data protection",
    column: "method",
    section: "3.5",
    forms: [
      form("method:cdp", "disk writes", at("src/methods/disk-writes/")),
      form(
        "method:journal",
        "journal of objects",
        at("src/methods/cdp/", "test/any-moment.test.ts", "test/continuous-dovecot.test.ts"),
      ),
    ],
  },
];

export const printedOptions: readonly PrintedBox[] = [
  {
    printed: "Move Tape Offsite",
    name: "Move tape offsite",
    column: "option",
    section: "2.2.1",
    forms: [
      form("option:ship-tapes", "tapes shipped", at("src/offsite/ship-tapes/")),
      form("option:vault-tapes", "tapes written over the network", at("src/offsite/vault-tapes/")),
    ],
  },
  {
    printed: "Duplicate Backup Copy to Tape",
    name: "Duplicate backup copy",
    column: "option",
    section: "2.2.2",
    forms: [
      form("option:duplicate-tapes", "to tape", at("src/offsite/duplicate-tapes/")),
      form("option:duplicate-disk", "to disk offsite", at("src/offsite/duplicate/")),
      form(
        "option:duplicate-object-storage",
        "to object storage",
        at("src/offsite/duplicate-object-storage/"),
      ),
    ],
  },
  {
    printed: "Remote Mirrors",
    name: "Remote mirrors",
    column: "option",
    section: "2.2.3",
    forms: [
      form("option:mirror-application", "by the application", at("src/offsite/mirrors/")),
      form("option:mirror-host", "by the host", at("src/offsite/mirrors/")),
      form("option:mirror-array", "by the array, asynchronous", at("src/offsite/mirrors/")),
      form("option:mirror-sync", "by the array, synchronous", at("src/offsite/mirrors/")),
      form("option:mirror-failover", "with cluster failover", at("src/offsite/mirrors/")),
      form(
        "option:protected-cdp",
        "of the journal (protected CDP)",
        at("src/journal/mirror/", "test/mirror-ssh.test.ts", "test/lost-site.test.ts"),
      ),
    ],
  },
  {
    printed: "Remote Snapshots",
    name: "Remote snapshots",
    column: "option",
    section: "2.2.4",
    forms: [
      form("option:snapshots-of-mirror", "of a mirror", at("src/offsite/remote-snapshots/")),
      form("option:snapshots-copied", "copied", at("src/offsite/remote-snapshots/")),
      form("option:snapshots-propagated", "propagated", at("src/offsite/remote-snapshots/")),
    ],
  },
];

/** Every box of Figure 1 in the paper's order, each form a statement of its own. */
export const figure1Statements: readonly Statement[] = [
  ...printedSources,
  ...printedMethods,
  ...printedOptions,
].flatMap(({ printed, name, section, forms }) =>
  forms.map(({ id, form: words, place, tests }) => ({
    section: "Figure 1",
    words: printed,
    here: `${name}${words === "" ? "" : `: ${words}`} (§${section})`,
    places: [place],
    tests,
    rests: [id],
  })),
);
