import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  applicability,
  mirrorApplicability,
  readableByReaders,
  transactionLogs,
} from "./applicability.ts";
import { methodApplicability } from "./applicability-methods.ts";
import { applicabilityMarkdown } from "./applicability-page.ts";
import { type Applicability, type Evidence, verdicts } from "./applicability-verdict.ts";
import {
  type DataSourceId,
  dataSources,
  type DisasterOptionId,
  disasterOptions,
  evidenceGrades,
  type MailServerId,
  mailServers,
  type OperationalMethodId,
  operationalMethods,
} from "./names.ts";
import { sourceEdge } from "./source-edges.ts";

const projectRoot = join(import.meta.dirname, "../../..");
const servers = Object.keys(mailServers) as MailServerId[];
const sources = Object.keys(dataSources) as DataSourceId[];
const methods = Object.keys(operationalMethods) as OperationalMethodId[];
const options = Object.keys(disasterOptions) as DisasterOptionId[];
const overProtocol: readonly MailServerId[] = ["imap", "jmap"];
const withVolumes = servers.filter((server) => !overProtocol.includes(server));

type Named<Statement> = Statement & { readonly of: string; readonly server: MailServerId };

/** Every statement with a verdict, by where it stands. */
const statements: readonly Named<Applicability>[] = servers.flatMap((server) => [
  ...sources.map((id) => ({ of: `${id} × ${server}`, server, ...applicability(id, server) })),
  ...methods.map((id) => ({ of: `${id} × ${server}`, server, ...methodApplicability(id, server) })),
  ...options.map((id) => ({ of: `${id} × ${server}`, server, ...mirrorApplicability(id, server) })),
]);

const evidence: readonly Named<Evidence>[] = [
  ...statements,
  ...servers.map((server) => ({ of: `logs × ${server}`, server, ...transactionLogs(server) })),
  ...servers.map((server) => ({ of: `reader × ${server}`, server, ...readableByReaders(server) })),
];

function verdictsOf(
  source: DataSourceId,
  on: readonly MailServerId[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(on.map((server) => [server, applicability(source, server).verdict]));
}

test("every data source, method and disaster option has a verdict on every server", () => {
  assert.equal(statements.length, 16 * (6 + 9 + 14));
  for (const { of, verdict, grade } of statements) {
    assert.ok(verdicts.includes(verdict), of);
    assert.ok(Object.hasOwn(evidenceGrades, grade), of);
  }
});

test("every verdict has a reason in sentences and says where it is known from", () => {
  for (const { of, reason, source } of statements) {
    assert.match(reason, /^[A-Z].{20,}\.$/, of);
    assert.match(source, /\S{3}/, of);
  }
});

test("caveats are told where the verdict has one, and nowhere else", () => {
  for (const { of, verdict, caveats } of statements) {
    assert.equal((caveats ?? []).length > 0, verdict === "works with caveat", of);
    for (const caveat of caveats ?? []) assert.match(caveat, /^\S.{8,}[^.]$/, of);
    assert.equal(new Set(caveats).size, (caveats ?? []).length, `${of} repeats a caveat`);
  }
});

test("§1.1.2: of the servers that the paper names, only Exchange 2003 has VSS", () => {
  const named = servers.filter((server) => mailServers[server].of === "paper");
  const integrated = named.filter(
    (server) => applicability("app-snapshot", server).verdict !== "no",
  );
  assert.deepEqual(integrated, ["exchange-2003"]);
  assert.match(applicability("app-snapshot", "exchange-2003").source, /paper §1\.1\.2/);
});

test("§2.1: offline is valid for any version of email server that one can stop", () => {
  for (const server of withVolumes) {
    assert.notEqual(applicability("offline", server).verdict, "no", server);
    assert.match(applicability("offline", server).source, /paper §2\.1/, server);
  }
});

test("§2.1: hot split is generally valid, and not as easily recoverable for some", () => {
  for (const server of withVolumes)
    assert.notEqual(applicability("hot-split", server).verdict, "no", server);
  const harder = withVolumes.filter((server) =>
    applicability("hot-split", server).caveats?.some((text) => text.includes("“not as easily")),
  );
  assert.ok(harder.includes("exchange-2000") && harder.includes("dovecot-dbox"));
  assert.equal(applicability("hot-split", "maildir").verdict, "works");
});

test("a backup API is there on Exchange and Domino, and not where the file is the object", () => {
  for (const server of servers.filter((id) => /^(?:exchange|domino)/.test(id)))
    assert.notEqual(applicability("backup-api", server).verdict, "no", server);
  assert.deepEqual(verdictsOf("backup-api", ["mbox", "maildir", "courier", "cyrus"]), {
    mbox: "no",
    maildir: "no",
    courier: "no",
    cyrus: "no",
  });
});

test("today's Exchange has no streaming API any more: what is left is by object", () => {
  assert.match(applicability("backup-api", "exchange").reason, /gone since Exchange 2010/);
  assert.doesNotMatch(applicability("backup-api", "exchange-2003").reason, /gone/);
});

test("of a server that one does not run, only objects can be had over its protocol", () => {
  for (const server of overProtocol) {
    const usable = sources.filter((source) => applicability(source, server).verdict !== "no");
    assert.deepEqual(usable, ["backup-api", "live-object"], server);
    const mirrors = options.filter((option) => /^(?:mirror|snapshots)-/.test(option));
    for (const option of mirrors)
      assert.equal(mirrorApplicability(option, server).verdict, "no", `${option} × ${server}`);
  }
});

test("§2.2: what works on copies asks nothing of the server", () => {
  for (const server of servers)
    for (const option of ["ship-tapes", "duplicate-disk", "protected-cdp"] as const)
      assert.equal(mirrorApplicability(option, server).verdict, "works", `${option} × ${server}`);
});

test("§2.2.3: mirrors below the server work for all that have volumes, with the caveats of a hard-crash image", () => {
  for (const server of withVolumes) {
    const mirror = mirrorApplicability("mirror-array", server);
    assert.equal(mirror.verdict, "works with caveat", server);
    for (const caveat of applicability("hot-split", server).caveats ?? [])
      assert.ok(mirror.caveats?.includes(caveat), `${server}: ${caveat}`);
    const logsAlone = mirror.caveats?.some((text) => text.startsWith("mirroring the logs alone"));
    assert.equal(logsAlone, transactionLogs(server).has, server);
  }
});

test("§2.2.3: only servers that replicate themselves, or by a product, mirror by application", () => {
  const none = withVolumes.filter(
    (server) => mirrorApplicability("mirror-application", server).verdict === "no",
  );
  assert.deepEqual(none, ["mbox", "maildir", "courier"]);
  assert.match(
    String(mirrorApplicability("mirror-application", "dovecot-dbox").caveats),
    /2\.4 has no replicator/,
  );
});

test("Exchange and Domino keep a redo log; the Unix servers keep none and need a journal", () => {
  for (const server of servers) {
    const { has, playback, reason } = transactionLogs(server);
    assert.equal(has, /^(?:exchange|domino)/.test(server), server);
    assert.equal(/journal/.test(playback), !has, server);
    assert.match(reason, /^[A-Z].*\.$/, server);
  }
});

test("§1.4.3: stores of files are read here without a server, databases by third parties", () => {
  const byReader = Object.groupBy(servers, (server) => readableByReaders(server).reader);
  assert.deepEqual(byReader.here, [
    "mbox",
    "maildir",
    "courier",
    "dovecot-maildir",
    "dovecot-dbox",
    "cyrus",
  ]);
  assert.equal(byReader["planned here"], undefined);
  assert.deepEqual(byReader["not needed"], ["imap", "jmap"]);
  assert.equal(byReader["third party"]?.length, 8);
});

test("a method works only where a source that may feed it does, and no better than that source", () => {
  const rank = ({ verdict }: Applicability): number => verdicts.indexOf(verdict);
  for (const server of servers) {
    for (const method of methods) {
      const feeding = sources
        .filter((source) => sourceEdge(source, method).verdict !== "no")
        .map((source) => rank(applicability(source, server)));
      const found = rank(methodApplicability(method, server));
      assert.ok(found >= Math.min(...feeding), `${method} × ${server}`);
      assert.equal(
        found === verdicts.indexOf("no"),
        feeding.every((verdict) => verdict === verdicts.indexOf("no")),
        `${method} × ${server}`,
      );
    }
  }
});

test("§3.3.4: clones and delta snapshots want the database on one volume, on any server", () => {
  for (const server of withVolumes)
    for (const method of ["clones", "deltas"] as const)
      assert.match(String(methodApplicability(method, server).caveats), /one volume/, server);
  assert.equal(methodApplicability("clones", "imap").verdict, "no");
});

test("nothing of Exchange or Domino claims more than documents", () => {
  for (const { of, server, grade } of evidence)
    if (/^(?:exchange|domino)/.test(server)) assert.equal(grade, "D", of);
});

test("whoever claims to have tried it names a test here, or says that there is none yet", () => {
  for (const { of, source, grade } of evidence) {
    if (grade === "D") continue;
    if (grade === "A" && source.endsWith(": tried by us, no test here yet")) continue;
    assert.match(source, /(?:src|test)\/\S+\.test\.ts/, of);
  }
  assert.equal(applicability("live-object", "dovecot-maildir").grade, "A");
});

test("every test and page that a source names is there", () => {
  const named = new Set(
    evidence.flatMap(({ source }) => source.match(/(?:src|test|docs)\/[\w./-]+\.(?:ts|md)/g) ?? []),
  );
  assert.ok(named.size >= 5);
  for (const path of named) assert.ok(existsSync(join(projectRoot, path)), path);
});

test("docs/methods/applicability.md is what applicabilityMarkdown() makes", () => {
  const committed = readFileSync(join(projectRoot, "docs/methods/applicability.md"), "utf8");
  assert.equal(committed, applicabilityMarkdown());
});

test("the page says what is missing from the paper, and has every server", () => {
  const page = applicabilityMarkdown();
  assert.match(page, /section 5, the drawings of Figures 2–5 and the references/);
  for (const server of servers) {
    const heading = new RegExp(`^### .*${RegExp.escape(mailServers[server].name)}`, "m");
    assert.match(page, heading, server);
  }
});
