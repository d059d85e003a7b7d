import { parseBytes } from "#time";
import { tidyPath } from "./checked-values.ts";
import type { CopyConfig, CopyLocation, SecretReference } from "./config.ts";
import type { WrittenCopy } from "./copy-schema.ts";
import { parseCopyUrl } from "./copy-url.ts";
import { parseSecretReference } from "./secret-reference.ts";

const defaultBarcodes = "RST";

/** A copy of the file, with what was left out filled in. It was checked before: nothing here can fail. */
export function readCopy([name, copy]: [string, WrittenCopy]): CopyConfig {
  const { layer, kind = "repository", capacity, safe_uses: safeUses } = copy;
  const base = {
    name,
    layer,
    location: readLocation(copy),
    ...(copy.full_text === "off" ? { fullText: false as const } : {}),
  };
  switch (kind) {
    case "repository":
      return { ...base, kind, key: parseSecretReference(copy.key ?? "") as SecretReference };
    case "replicas":
      return { ...base, kind };
    case "tape library":
      return {
        ...base,
        kind,
        ...(capacity === undefined ? {} : { capacityBytes: parseBytes(capacity) }),
        ...(safeUses === undefined ? {} : { safeUses }),
        barcodes: copy.barcodes ?? defaultBarcodes,
      };
  }
}

/** One of both, checked before. */
export function readLocation({ path, url }: Pick<WrittenCopy, "path" | "url">): CopyLocation {
  if (url === undefined) return { at: "this machine", path: tidyPath(path ?? "") };
  const parsed = parseCopyUrl(url) as Exclude<ReturnType<typeof parseCopyUrl>, { code: string }>;
  return { at: "another host", ...parsed };
}
