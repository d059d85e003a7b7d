#!/usr/bin/env node
/**
 * The program's front door. Plain JavaScript that any Node from 14 on can parse, because the
 * machine's own Node may be old: a Node that is new enough runs the command line here; an older
 * one hands over to the npm package `node` installed beside Restante, or says what is missing.
 */
import { existsSync, readFileSync } from "fs";
import { dirname, join } from "path";
import { fileURLToPath, pathToFileURL } from "url";

const oldestMajor = 24;
const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));

start().catch((error) => {
  // main() turns every error of ours into text: what arrives here is a bug or a broken install.
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});

async function start() {
  if (majorOf(process.versions.node) >= oldestMajor) return runHere();
  const program = findNewerNode(packageFolder);
  if (program !== undefined) return handOver(program);
  sayWhatIsMissing();
}

async function runHere() {
  quietExperimentalWarnings();
  const { collectGarbageLater } = await import("./collect-garbage-later.js");
  // Before code is looked for in the cache, which knows flags apart.
  collectGarbageLater();
  const { enableCompileCacheSafely } = await import("./compile-cache.js");
  enableCompileCacheSafely();
  // A checkout runs its sources; an installed package has only what was built from them.
  const source = join(packageFolder, "src", "cli", "index.ts");
  const built = join(packageFolder, "dist", "cli", "index.js");
  const door = existsSync(source) ? source : built;
  const { main } = await import(pathToFileURL(door).href);
  process.exitCode = await main(process.argv.slice(2));
}

/** Node marks these three as experimental; we know, and pin what we use. Every other warning is shown. */
function quietExperimentalWarnings() {
  const known = /\b(FFI|SQLite|Type Stripping)\b/i;
  const emitWarning = process.emitWarning;
  process.emitWarning = function (warning, ...rest) {
    const text = warning instanceof Error ? warning.message : String(warning);
    const given = typeof rest[0] === "object" && rest[0] !== null ? rest[0].type : rest[0];
    const type = warning instanceof Error ? warning.name : given;
    if (type === "ExperimentalWarning" && known.test(text)) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
}

/** The program in the npm package `node`, from this package's own node_modules upwards. */
function findNewerNode(start) {
  const name = process.platform === "win32" ? "node.exe" : "node";
  for (let folder = start; ; folder = dirname(folder)) {
    const nodePackage = join(folder, "node_modules", "node");
    const program = join(nodePackage, "bin", name);
    if (existsSync(program) && majorOf(versionOf(nodePackage)) >= oldestMajor) return program;
    if (dirname(folder) === folder) return undefined;
  }
}

function versionOf(folder) {
  try {
    return String(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version);
  } catch {
    return "0";
  }
}

function majorOf(version) {
  return Number.parseInt(version, 10);
}

async function handOver(program) {
  const { spawn } = await import("child_process");
  const argv = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(program, argv, { stdio: "inherit" });
  const stopForwarding = forwardSignals(child);
  child.on("error", (error) => {
    process.stderr.write(`Cannot start "${program}": ${error.message}\n`);
    process.exitCode = 2;
  });
  child.on("exit", (code, signal) => {
    stopForwarding();
    // End as the child ended, so that whoever waits for us sees the same.
    if (signal === null) process.exitCode = code;
    else process.kill(process.pid, signal);
  });
}

function forwardSignals(child) {
  // At a terminal ^C reaches the child by itself, and a second one could mean "stop at once".
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const forward = (signal) => {
    if (signal !== "SIGINT" || !atTerminal) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, forward);
  return () => {
    for (const signal of signals) process.off(signal, forward);
  };
}

function sayWhatIsMissing() {
  const unfinished = existsSync(join(packageFolder, "..", "node"));
  const remedy = unfinished
    ? "npm held back the install script of the Node beside it: npm approve-scripts node && npm rebuild node"
    : "Install a newer Node, or let npm put one beside Restante: npm install node@26";
  process.stderr.write(
    `Cannot start restante: it needs Node ${oldestMajor} or newer, and this is Node ${process.versions.node}.\n  ${remedy}\n`,
  );
  process.exitCode = 2;
}
