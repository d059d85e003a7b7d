import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../src/cli/demo/index.ts";
import { walkFiles, withChangedStore, type Store } from "./store.ts";

const FLAG_CHANGES = 1000;
const NEW_MESSAGES = 100;

export type ChangedStore = {
  readonly flagChanges: number;
  readonly newMessages: number;
  /** Puts every name back and removes the new messages. */
  readonly undo: () => void;
};

/**
 * A day's life in seconds: 1,000 flag changes (renames within cur/, spread over all folders) and 100
 * new messages in new/ of as many folders, fewer where the store is scaled down. Both programs then
 * capture this same state.
 */
export function changeStore(store: Store, round: number): ChangedStore {
  const random = createRandom(1000 + round);
  const flagChanges = Math.max(1, Math.round(FLAG_CHANGES * store.scale));
  const newMessages = Math.max(1, Math.round(NEW_MESSAGES * store.scale));
  const stored = [...walkFiles(store.path)].filter(({ folder }) => folder.endsWith("/cur"));
  const folders = [...new Set(stored.map(({ folder }) => folder))];
  const { restored } = withChangedStore(store);
  const undo: (() => void)[] = [];
  for (let change = 0; change < flagChanges && stored.length > 0; change += 1) {
    const { folder, name } =
      stored.splice(random.integer(stored.length), 1)[0] ?? random.pick(stored);
    const before = join(folder, name);
    const after = join(folder, toggleSeen(name));
    renameSync(before, after);
    undo.push(() => renameSync(after, before));
  }
  for (let message = 0; message < newMessages; message += 1) {
    const folder = join(random.pick(folders), "../new");
    const path = join(folder, `1795435200.M${round * 1000 + message}P${message}.mx1.example.org`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, newMessage(message, random.bytes(3000).toString("base64")));
    undo.push(() => rmSync(path));
  }
  return {
    flagChanges,
    newMessages,
    undo: () => {
      for (const step of undo.reverse()) step();
      restored();
    },
  };
}

/** Takes two of five messages out of the store; `undo` puts them back where they were. */
export function thinStore(store: Store): { readonly undo: () => void } {
  const aside = `${store.path}.aside`;
  const { restored } = withChangedStore(store);
  mkdirSync(aside);
  const moved = [...walkFiles(store.path)]
    .filter((_file, number) => number % 5 < 2)
    .map(({ folder, name }, number) => ({
      from: join(folder, name),
      to: join(aside, String(number)),
    }));
  for (const { from, to } of moved) renameSync(from, to);
  return {
    undo: () => {
      for (const { from, to } of moved) renameSync(to, from);
      rmSync(aside, { recursive: true });
      restored();
    },
  };
}

function toggleSeen(name: string): string {
  const at = name.indexOf(":2,") + 3;
  const letters = name.slice(at);
  const changed = letters.includes("S") ? letters.replace("S", "") : `${letters}S`;
  return name.slice(0, at) + changed.split("").sort().join("");
}

function newMessage(number: number, text: string): string {
  return (
    `Return-Path: <sender@example.net>\nDelivered-To: user@example.org\nMessage-ID: <new-${number}@example.net>\n` +
    `From: sender@example.net\nSubject: new ${number}\n\n${text.replace(/.{72}/g, "$&\n")}\n`
  );
}
