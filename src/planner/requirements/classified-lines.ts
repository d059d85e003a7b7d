import { quoted } from "#errors";
import { type Downtime, formatShare, matchesMailbox } from "#policy";
import type { ClassificationRow, ReportCell } from "./classification-row.ts";
import type { ClassificationColumn } from "./classification-table.ts";

/** A data classification (paper §1.4.4): which mailbox is of which line of business, and of which tier. */
export type Classification = {
  /** In the order in which the file names them first. */
  readonly linesOfBusiness: readonly ClassifiedLine[];
  /** In the same order. */
  readonly tiers: readonly string[];
};

export type ClassifiedLine = {
  readonly name: string;
  readonly tier: string;
  /** Patterns, as in the configuration. */
  readonly mailboxes: readonly string[];
  /** Sum of the sizes that the file states, and for how many of the mailboxes it states one. */
  readonly sizeBytes: number;
  readonly sizedMailboxes: number;
  readonly downtime?: Downtime;
};

/** What rows of a line state, and the first that stated it. */
type Stated = { readonly text: string; readonly row: ClassificationRow };
type Collected = {
  readonly name: string;
  readonly mailboxes: string[];
  readonly stated: Map<ClassificationColumn, Stated>;
  sizeBytes: number;
  sizedMailboxes: number;
};

/** Patterns with "*" that later rows are compared with. */
const mostWildcards = 100;
const code = "planner.csv-conflict";

/** Collects rows into lines of business, and says where rows contradict each other. */
export class ClassifiedLines {
  readonly #report: ReportCell;
  /** By name, whatever its case and spaces. */
  readonly #lines = new Map<string, Collected>();
  readonly #tiers = new Map<string, string>();
  /** By mailbox in lower case: whose it is, and since which line of the file. */
  readonly #owners = new Map<string, { readonly owner: Collected; readonly line: number }>();
  readonly #wildcards: { readonly pattern: string; readonly owner: Collected }[] = [];
  /** Spellings that were spoken of. */
  readonly #spellings = new Set<string>();
  #saidOfWildcards = false;

  constructor(report: ReportCell) {
    this.#report = report;
  }

  add(row: ClassificationRow): void {
    const line = this.#lineOf(row);
    const tier = this.#tiers.get(alike(row.tier)) ?? row.tier;
    this.#tiers.set(alike(row.tier), tier);
    this.#state(line, "tier", { text: tier, row });
    const { payroll, productivityLost } = row;
    if (payroll !== undefined) {
      const text = `${payroll.amount} ${payroll.currency} per hour`;
      this.#state(line, "payroll", { text, row });
    }
    if (productivityLost !== undefined)
      this.#state(line, "productivity_lost", { text: formatShare(productivityLost), row });
    if (!this.#claim(line, row)) return;
    line.mailboxes.push(row.mailbox);
    if (row.sizeBytes !== undefined) this.#addSize(line, row.sizeBytes, row);
  }

  /** To be called when all rows are added: reports what only then can be known. */
  result(): Classification {
    const linesOfBusiness = [...this.#lines.values()].map((line): ClassifiedLine => {
      const { name, mailboxes, sizeBytes, sizedMailboxes, stated } = line;
      const downtime = this.#downtimeOf(line);
      return {
        name,
        tier: stated.get("tier")?.text ?? "",
        mailboxes,
        sizeBytes,
        sizedMailboxes,
        ...(downtime === undefined ? {} : { downtime }),
      };
    });
    return { linesOfBusiness, tiers: [...this.#tiers.values()] };
  }

  #lineOf({ lineOfBusiness: name, line }: ClassificationRow): Collected {
    const known = this.#lines.get(alike(name));
    if (known === undefined) {
      const made = { name, mailboxes: [], stated: new Map(), sizeBytes: 0, sizedMailboxes: 0 };
      this.#lines.set(alike(name), made);
      return made;
    }
    if (known.name !== name && !this.#spellings.has(name)) {
      this.#spellings.add(name);
      const message = `"line": ${quoted(name)} is taken for ${quoted(known.name)}`;
      this.#report({ severity: "warning", code, message }, { line, column: "line" });
    }
    return known;
  }

  /** A line has one tier and one payroll, in whichever of its rows that stands. */
  #state(line: Collected, column: ClassificationColumn, { text, row }: Stated): void {
    const before = line.stated.get(column);
    if (before === undefined) line.stated.set(column, { text, row });
    if (before === undefined || before.text === text) return;
    const message = `"${column}": ${quoted(line.name)} has ${quoted(text)} here, and ${quoted(before.text)} in line ${before.row.line}`;
    const hint = "It must be the same in all rows of a line of business, or stand in one.";
    this.#report({ code, message, hint }, { line: row.line, column });
  }

  /** Whether the mailbox is the line's from this row on. */
  #claim(owner: Collected, { mailbox, line }: ClassificationRow): boolean {
    const lower = mailbox.toLowerCase();
    const before = this.#owners.get(lower);
    const place = { line, column: "mailbox" } as const;
    if (before?.owner === owner) {
      const message = `"mailbox": ${quoted(mailbox)} stands in line ${before.line} already`;
      const hint = "It is counted once.";
      this.#report({ severity: "warning", code, message, hint }, place);
      return false;
    }
    if (before !== undefined) {
      const message = `"mailbox": ${quoted(mailbox)} belongs to ${quoted(before.owner.name)} since line ${before.line}`;
      this.#report({ code, message, hint: "A mailbox has one line of business." }, place);
      return false;
    }
    const taken = this.#wildcards.find(
      (wildcard) => wildcard.owner !== owner && matchesMailbox(wildcard.pattern, lower),
    );
    if (taken !== undefined) {
      const message = `"mailbox": ${quoted(mailbox)} goes to ${quoted(taken.owner.name)}, which has ${quoted(taken.pattern)} before it`;
      const hint = "The first match wins: move it up.";
      this.#report({ severity: "warning", code: "config.unreachable", message, hint }, place);
    }
    this.#owners.set(lower, { owner, line });
    this.#noteWildcard(owner, { pattern: mailbox, line });
    return true;
  }

  #noteWildcard(
    owner: Collected,
    { pattern, line }: { readonly pattern: string; readonly line: number },
  ): void {
    // A pattern without "?" covers as a pattern what it matches as a text; others are not compared.
    if (!pattern.includes("*") || pattern.includes("?")) return;
    if (this.#wildcards.length < mostWildcards) this.#wildcards.push({ pattern, owner });
    else if (!this.#saidOfWildcards) {
      this.#saidOfWildcards = true;
      const message = `there are more than ${mostWildcards} patterns: rows are not compared with those from here on`;
      const place = { line, column: "mailbox" } as const;
      this.#report({ severity: "warning", code: "planner.csv-limit", message }, place);
    }
  }

  #addSize(line: Collected, sizeBytes: number, row: ClassificationRow): void {
    const sum = line.sizeBytes + sizeBytes;
    if (!Number.isSafeInteger(sum)) {
      const message = `"size": ${quoted(line.name)} has more mail than can be counted`;
      this.#report({ code: "planner.quantity", message }, { line: row.line, column: "size" });
      return;
    }
    line.sizeBytes = sum;
    line.sizedMailboxes += 1;
  }

  #downtimeOf({ name, stated }: Collected): Downtime | undefined {
    const [payroll, lost] = [stated.get("payroll")?.row, stated.get("productivity_lost")?.row];
    if (payroll === undefined && lost === undefined) return undefined;
    const money = payroll?.payroll;
    const productivityLostShare = lost?.productivityLost;
    if (money !== undefined && productivityLostShare !== undefined)
      return { payrollPerHour: money.amount, currency: money.currency, productivityLostShare };
    const [has, lacks] =
      money === undefined ? ["productivity_lost", "payroll"] : ["payroll", "productivity_lost"];
    const message = `${quoted(name)} has "${has}" and no "${lacks}"`;
    const hint = "Give both, or neither: an hour without mail costs their product.";
    this.#report(
      { code: "config.downtime", message, hint },
      { line: (payroll ?? lost)?.line ?? 1 },
    );
    return undefined;
  }
}

function alike(name: string): string {
  return name.normalize("NFKC").toLowerCase().replace(/\s+/g, " ");
}
