import { quoted } from "#errors";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { Problem, ProblemCode } from "./problem.ts";

export type YamlPath = readonly (string | number)[];
export type Position = { readonly line: number; readonly column: number };

export type YamlDocument = {
  /** Plain data; undefined when the text is no YAML that can be read. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where a value stands; the nearest that exists, for one that is missing. */
  readonly valueAt: (path: YamlPath) => Position;
  /** Where a key stands. */
  readonly keyAt: (path: YamlPath) => Position;
  /** Keys of a map in the file's order, which objects lose for keys like "1". */
  readonly keysOf: (path: YamlPath) => readonly string[];
};

export type YamlDocumentLimits = {
  readonly fileName: string;
  readonly limitBytes: number;
};

/** Deeper than any file of ours; hostile nesting ends here. */
const deepest = 20;
/** How often aliases may be expanded in all (a "billion laughs" file is refused). */
const mostAliases = 100;
const mostSyntaxProblems = 20;
const tooDeep = `the nesting is deeper than ${deepest} levels`;

/** Reads YAML 1.2 and keeps the position of everything in it. */
export function readYamlDocument(text: string, limits: YamlDocumentLimits): YamlDocument {
  const lineCounter = new LineCounter();
  const reporter = new Reporter(limits.fileName, lineCounter);
  const nowhere: YamlDocument = {
    value: undefined,
    problems: reporter.problems,
    valueAt: () => ({ line: 1, column: 1 }),
    keyAt: () => ({ line: 1, column: 1 }),
    keysOf: () => [],
  };
  if (Buffer.byteLength(text) > limits.limitBytes) {
    reporter.add("config.too-large", `the file is larger than ${limits.limitBytes} bytes`, 0);
    return nowhere;
  }
  // prettyErrors would quote lines of the file, and a line may hold what somebody took for the place of a secret.
  const document = parseDocument(text, {
    version: "1.2",
    lineCounter,
    prettyErrors: false,
    uniqueKeys: false,
  });
  for (const error of [...document.errors, ...document.warnings].slice(0, mostSyntaxProblems)) {
    reporter.add("config.syntax", syntaxMessage(error.code, error.message), error.pos[0]);
    // After this one the rest of the text was not understood at all.
    if (isTooDeep(error.message)) break;
  }
  if (reporter.problems.length > 0) return nowhere;
  checkNodes(document, reporter);
  const value = plainData(document, reporter);
  return {
    ...nowhere,
    value,
    valueAt: (path) => reporter.position(offsetOf(document, path, "value")),
    keyAt: (path) => reporter.position(offsetOf(document, path, "key")),
    keysOf: (path) => keysOf(resolved(nodeAt(document, path), document)),
  };
}

class Reporter {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #lineCounter: LineCounter;

  constructor(file: string, lineCounter: LineCounter) {
    this.#file = file;
    this.#lineCounter = lineCounter;
  }

  position(offset: number): Position {
    const { line, col } = this.#lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  add(code: ProblemCode, message: string, offset: number, hint?: string): void {
    const where = { file: this.#file, ...this.position(offset) };
    this.problems.push({
      severity: "error",
      code,
      message,
      ...where,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function isTooDeep(message: string): boolean {
  return message.includes("call stack");
}

function syntaxMessage(code: string, message: string): string {
  if (isTooDeep(message)) return tooDeep;
  if (code === "MULTIPLE_DOCS") return "a second document begins here; the file must be one";
  return `this is not YAML: ${message.split("\n")[0]?.slice(0, 200) ?? code}`;
}

/** Keys must be unique texts, and nesting bounded. Goes through what is written, not into aliases. */
function checkNodes(document: Document, reporter: Reporter): void {
  let aliases = 0;
  const waiting: { readonly node: unknown; readonly depth: number }[] = [
    { node: document.contents, depth: 0 },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, depth } = next;
    if (depth > deepest) {
      reporter.add("config.syntax", tooDeep, offsetOfNode(node));
      return;
    }
    if (isAlias(node)) {
      aliases += 1;
      if (aliases > mostAliases) {
        reporter.add(
          "config.syntax",
          `there are more than ${mostAliases} aliases`,
          offsetOfNode(node),
        );
        return;
      }
      if (node.resolve(document) === undefined) {
        // Nearly always a mailbox pattern without quotes.
        reporter.add(
          "config.syntax",
          'a text that begins with "*" must stand in quotes',
          offsetOfNode(node),
          'Write it like "*@example.org".',
        );
      }
    }
    if (isSeq(node)) for (const item of node.items) waiting.push({ node: item, depth: depth + 1 });
    if (!isMap(node)) continue;
    const seen = new Set<string>();
    for (const pair of node.items) {
      waiting.push({ node: pair.value, depth: depth + 1 });
      checkKey(pair.key, seen, reporter);
    }
  }
}

function checkKey(key: unknown, seen: Set<string>, reporter: Reporter): void {
  const name = keyName(key);
  if (name === undefined) {
    reporter.add("config.syntax", "a key must be a text", offsetOfNode(key));
  } else if (name === "__proto__") {
    reporter.add("config.name", `${quoted(name)} cannot be a name`, offsetOfNode(key));
  } else if (seen.has(name)) {
    reporter.add(
      "config.duplicate-key",
      `${quoted(name)} is here twice`,
      offsetOfNode(key),
      "Keep one of the two.",
    );
  } else {
    seen.add(name);
  }
}

function plainData(document: Document, reporter: Reporter): unknown {
  if (reporter.problems.some((problem) => problem.code === "config.syntax")) return undefined;
  try {
    return document.toJS({ maxAliasCount: mostAliases }) as unknown;
  } catch (error) {
    // An alias to itself, or more aliases than allowed.
    if (!(error instanceof ReferenceError) && !(error instanceof RangeError)) throw error;
    reporter.add(
      "config.syntax",
      "the aliases expand to too much",
      0,
      "Write the values out instead of using anchors.",
    );
    return undefined;
  }
}

function offsetOf(document: Document, path: YamlPath, part: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = offsetOfNode(node);
  for (const [index, step] of path.entries()) {
    const found = childOf(resolved(node, document), step);
    if (found === undefined) return offset;
    const wantsKey = index === path.length - 1 && part === "key";
    const next = wantsKey
      ? (found.key ?? found.value)
      : isNode(found.value)
        ? found.value
        : found.key;
    offset = next === undefined || next === null ? offset : offsetOfNode(next);
    node = found.value;
  }
  return offset;
}

function nodeAt(document: Document, path: YamlPath): unknown {
  let node: unknown = document.contents;
  for (const step of path) node = childOf(resolved(node, document), step)?.value;
  return node;
}

function childOf(
  node: unknown,
  step: string | number,
): { readonly key?: unknown; readonly value: unknown } | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(step)];
    return value === undefined ? undefined : { value };
  }
  return isMap(node) ? pairsOf(node).get(String(step)) : undefined;
}

/** Looking through a map's pairs for each of its keys would take a hostile file's time squared. */
const pairsByMap = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

/** The last of equal keys is the one whose value is used. */
function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  const known = pairsByMap.get(map);
  if (known !== undefined) return known;
  const pairs = new Map<string, Pair>();
  for (const pair of map.items) {
    const name = keyName(pair.key);
    if (name !== undefined) pairs.set(name, pair);
  }
  pairsByMap.set(map, pairs);
  return pairs;
}

function resolved(node: unknown, document: Document): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function keysOf(node: unknown): readonly string[] {
  return isMap(node) ? [...pairsOf(node).keys()] : [];
}

function keyName(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  const { value } = key;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

function offsetOfNode(node: unknown): number {
  return isNode(node) ? ((node as Node).range?.[0] ?? 0) : 0;
}
