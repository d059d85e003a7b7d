import { resolve } from "node:path";
import { closestWord } from "#errors";
import type { Repository, RepositoryKey } from "#repository";
import { formatInstant, toRfc3339Nano } from "#time";
import { audited } from "../audit.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { openCopy, type OpenCopy } from "../copy-access.ts";
import { changeJournalPasswords, journalsOf } from "../daemon/change-journal-passwords.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import type { JsonDocument } from "../output.ts";
import type { PasswordSource } from "../passwords.ts";
import { openSite, type Site } from "../site.ts";
import { safeText, tableText } from "../text.ts";

const actions = { list, add, remove, change } as const;

export async function run(context: CommandContext): Promise<ExitCode> {
  const [word = "", id, ...more] = context.arguments.positionals;
  const name = Object.hasOwn(actions, word) ? (word as keyof typeof actions) : undefined;
  if (name === undefined) throw noSuchWord(word);
  if ((id !== undefined) !== (name === "remove") || more.length > 0) {
    const what =
      id === undefined ? "no key was named" : `"${safeText(more.at(-1) ?? id)}" is too much`;
    // Somebody may have typed a password here; it is in the process list, and need not be on the screen too.
    const shown = name === "remove" ? what : "nothing is typed after it";
    throw new CliError("cli.usage", `Cannot ${name} keys: ${shown}`, {
      hint: `Usage: restante key ${name}${name === "remove" ? " ID" : ""} --copy REPO`,
    });
  }
  // Neither shown nor recorded: it may be a password.
  if (id !== undefined && !/^[0-9a-f]{1,64}$/i.test(id))
    throw new CliError("cli.usage", "Cannot remove keys: what was typed is no key's ID", {
      hint: "It has hexadecimal digits only; see `restante key list`.",
    });
  const site = await openSite(context);
  await using opened = await openCopy(context, site, { verb: "open the keys of" });
  return await actions[name]({ context, site, opened });
}

type Step = { readonly context: CommandContext; readonly site: Site; readonly opened: OpenCopy };

async function list({ context, site, opened: { repository } }: Step): Promise<ExitCode> {
  const { output, surroundings } = context;
  const keys = await repository.keys(surroundings.signal);
  await output.document({ type: "keys", repository: repository.id, keys: keys.map(keyJson) });
  const rows = keys.map((key) => [
    key.isCurrent ? "*" : " ",
    key.id.slice(0, 8),
    key.createdNs === undefined ? "-" : formatInstant(key.createdNs, site.zone),
    key.problem === undefined
      ? safeText(`${key.username}@${key.hostname}`)
      : `damaged: ${safeText(key.problem)}`,
  ]);
  await output.text(tableText(rows));
  output.note("* opened this run");
  return exitCodes.done;
}

async function add(step: Step): Promise<ExitCode> {
  const { context, opened } = step;
  const { output, surroundings } = context;
  const { repository } = opened;
  const password = await newPassword(step);
  const { now, signal } = surroundings;
  const { result: key, audit } = await audited(
    { context, verb: "key add", repository, facts: ({ id }: RepositoryKey) => ({ added: id }) },
    async () => await repository.addKey({ password, now, signal }),
  );
  await output.document({ type: "key-added", ...keyJson(key), audit });
  await output.text(`Added key ${key.id.slice(0, 8)}; it was read back and opened\n`);
  return exitCodes.done;
}

async function remove({ context, opened: { repository } }: Step): Promise<ExitCode> {
  const { output, surroundings } = context;
  const named = context.arguments.positionals[1] as string;
  const { result: key, audit } = await audited(
    {
      context,
      verb: "key remove",
      repository,
      planned: { named },
      facts: ({ id }: RepositoryKey) => ({ removed: id }),
    },
    async () => await repository.removeKey(named, surroundings.signal),
  );
  await output.document({ type: "key-removed", ...keyJson(key), audit });
  await output.text(`Removed key ${key.id.slice(0, 8)}; its password opens nothing any more\n`);
  return exitCodes.done;
}

async function change(step: Step): Promise<ExitCode> {
  const { context, opened } = step;
  const { output, surroundings, passwords } = context;
  const { repository, place } = opened;
  const password = await newPassword(step);
  const { now, signal } = surroundings;
  const journals = await journalsOf(place, step);
  const old =
    journals.length === 0
      ? undefined
      : await passwords.password(place.folder, { source: place.passwordSource });
  const { result, audit } = await audited(
    { context, verb: "key change", repository, facts: changeFacts },
    async () => {
      // First the journals: killed in between, the old password still opens the copy, and the same run again ends it.
      if (old !== undefined) {
        const changed = await changeJournalPasswords(journals, {
          password: old,
          newPassword: password,
          nowNs: now(),
        });
        for (const folder of changed)
          output.note(`The journal in ${safeText(folder)} has the new password too.`);
      }
      return await repository.changePassword({ password, now, signal });
    },
  );
  const { added, removed } = result;
  await output.document({ type: "key-changed", ...keyJson(added), removed: removed.id, audit });
  await output.text(
    `Changed the password: key ${added.id.slice(0, 8)} was read back and opened, ${removed.id.slice(0, 8)} is removed\n`,
  );
  if (place.passwordSource !== undefined)
    output.note(
      `Put the new password where the configuration takes it from: ${sourceText(place.passwordSource)}`,
    );
  return exitCodes.done;
}

type Changed = Awaited<ReturnType<Repository["changePassword"]>>;

function changeFacts({ added, removed }: Changed): { added: string; removed: string } {
  return { added: added.id, removed: removed.id };
}

async function newPassword({ context, opened }: Step): Promise<string> {
  const { passwords, surroundings } = context;
  const path = context.arguments.text("new-password-file");
  const source: PasswordSource | undefined =
    path === undefined
      ? undefined
      : { kind: "file", path: resolve(surroundings.workingFolder, path) };
  return await passwords.password(opened.place.folder, { isNew: true, role: "new", source });
}

function keyJson(key: RepositoryKey): Omit<JsonDocument, "type"> {
  const { createdNs, isCurrent, ...rest } = key;
  return {
    ...rest,
    ...(createdNs === undefined ? {} : { created: toRfc3339Nano(createdNs) }),
    current: isCurrent,
  };
}

function sourceText(source: PasswordSource): string {
  return safeText(source.kind === "file" ? source.path : source.name);
}

function noSuchWord(word: string): CliError {
  const near = closestWord(word, Object.keys(actions));
  return new CliError("cli.usage", `Cannot do "${safeText(word)}" with keys: no such action`, {
    hint:
      near === undefined ? "See `restante help key`." : `Did you mean \`restante key ${near}\`?`,
  });
}
