/** A second site as docs/operations/second-site.md sets it up: a real sshd, and a key that serves one folder. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Sshd, startSshd } from "../../src/hosts/sshd.fixture.ts";
import { builtRestante } from "./built-program.ts";
import { projectRoot } from "./source-tree.ts";

export type Vault = AsyncDisposable & {
  readonly sshd: Sshd;
  /** What the key serves. Journals are mirrored to the folder of that name in it. */
  readonly folder: string;
  /** Where that folder is for others: ssh://user@host:port/folder. */
  readonly location: string;
  /** What RESTANTE_SSH_COMMAND is to be: the port is the location's. */
  readonly sshCommand: string;
};

/** In `folder`, which is there. */
export async function startVault(folder: string): Promise<Vault> {
  const [bin, vault] = [join(folder, "bin"), join(folder, "vault")];
  for (const name of [bin, vault, join(vault, "journals")]) mkdirSync(name);
  const { path, environment } = await builtRestante();
  const start = [
    "#!/bin/sh",
    ...Object.entries(environment).map(([name, value]) => `export ${name}='${value}'`),
    `exec '${process.execPath}' '${path}' "$@"`,
    "",
  ];
  writeFileSync(join(bin, "restante"), start.join("\n"), { mode: 0o755 });
  const sshd = await startSshd({ path: bin });
  sshd.restrictKey(documentedKeyOptions().replace("/srv/vault", vault));
  const words = sshd.sshCommand;
  const port = words.find((word) => word.startsWith("Port="))?.slice("Port=".length) ?? "";
  // The first port that ssh is told wins.
  const others = words.filter((word, index) => !`${word} ${words[index + 1]}`.includes("Port="));
  return {
    sshd,
    folder: vault,
    location: `ssh://${sshd.destination}:${port}${vault}`,
    sshCommand: others.join(" "),
    [Symbol.asyncDispose]: async () => await sshd[Symbol.asyncDispose](),
  };
}

function documentedKeyOptions(): string {
  const page = readFileSync(join(projectRoot, "docs/operations/second-site.md"), "utf8");
  const [, options] = /^(restrict,command="restante .*?") ssh-ed25519 /m.exec(page) ?? [];
  assert.ok(options !== undefined && options.includes(" --root /srv/vault"), `${options}`);
  return options;
}
