/** Where a server's mail lies: its volumes, and the places of what is not in an account's own folder. */
import { quoted } from "#errors";
import type { AddFinding } from "./checked-yaml.ts";
import { isPathTemplate, isWithin } from "./checked-values.ts";
import { valueIn } from "./schema-problems.ts";
import type { WrittenServer } from "./server-schema.ts";
import type { YamlDocument } from "./yaml-document.ts";

type ServerPlace = { readonly server: string; readonly add: AddFinding };

/** A volume elsewhere is captured in the same moment, which one frozen folder cannot be. */
export function checkVolumes(document: YamlDocument, { server, add }: ServerPlace): void {
  const written = writtenServer(document, server);
  const { path, data_source: source } = written;
  if (typeof path !== "string") return;
  for (const [index, volume] of listOf(written.volumes).entries()) {
    const other = textOf(volume, "path");
    if (other === undefined || isWithin(other, path)) continue;
    const at = ["servers", server, "volumes", index, "path"];
    if (isWithin(path, other))
      add(at, {
        code: "config.path",
        message: `${quoted(other)} is around the server's folder ${quoted(path)}`,
        hint: "Name it as the server's path, or name the part of it that is meant.",
      });
    else if (source === "hot split snapshot")
      add(at, {
        code: "config.path",
        message: `${quoted(other)} does not lie in ${quoted(path)}, the one folder that a hot split freezes`,
        hint: "Name the folder above both as path, or choose data_source: offline or live application.",
      });
  }
}

const placeKeys = ["mail", "index", "control", "alt", "attachments"] as const;

/** Places are Dovecot's, and worth nothing where what lies there is not captured. */
export function checkPlaces(document: YamlDocument, { server, add }: ServerPlace): void {
  const written = writtenServer(document, server);
  const places = listOf(written.places);
  if (places.length === 0) return;
  if (written.type !== "dovecot")
    add(["servers", server, "places"], {
      code: "config.misplaced",
      message: '"places" is for a server of type dovecot',
      hint: "Take it out; what lies elsewhere is captured by volumes.",
    });
  const folders = [written, ...listOf(written.volumes)].flatMap((one) => textOf(one, "path") ?? []);
  for (const [index, place] of places.entries()) {
    for (const key of placeKeys) {
      const folder = fixedFolder(textOf(place, key));
      if (folder === undefined || folders.some((one) => isWithin(folder, one))) continue;
      add(["servers", server, "places", index, key], {
        severity: "warning",
        code: "config.path",
        message: `${quoted(folder)} lies in no folder that is captured`,
        hint: "Add it to volumes: what is kept there is lost otherwise.",
      });
    }
  }
}

/** The folder that a template names for every user. */
function fixedFolder(template: string | undefined): string | undefined {
  // What is no template is refused for that.
  if (template === undefined || !isPathTemplate(template)) return undefined;
  const first = template.indexOf("%");
  if (first < 0) return template;
  return template.slice(0, template.lastIndexOf("/", first)) || "/";
}

function writtenServer(document: YamlDocument, server: string): Partial<WrittenServer> {
  return valueIn(document.value, ["servers", server]) ?? {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function textOf(value: unknown, key: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const text = (value as Readonly<Record<string, unknown>>)[key];
  return typeof text === "string" ? text : undefined;
}
