import type { AccountPlaces, RawName, RawPath, ServerFacts } from "#image";
import { joinRawPath, rawPathFromText, rootPath } from "#image";
import type { DboxPlaces } from "../dovecot/dbox-places.ts";
import { expandFrom, matchTemplate } from "./path-template.ts";

/** Where an account whose own folder is `path` has its parts; undefined where nobody said. */
export type PlacesOf = (path: RawPath) => DboxPlaces | undefined;

/**
 * Places within an Image by what is known of its server. What lies outside the Image is left out: it
 * was not captured.
 */
export function placesByFacts({ root, places }: ServerFacts): PlacesOf {
  const top = rawPathFromText(root);
  const templates = places.map(rawPlaces);
  return (path) => {
    const absolute = path === rootPath ? top : joinRawPath(top, path);
    for (const place of templates) {
      const values = matchTemplate(place.mail, absolute);
      if (values === undefined) continue;
      const within = (template: string | undefined): RawPath | undefined => {
        const expanded = template === undefined ? undefined : expandFrom(template, values);
        return expanded === undefined ? undefined : below(expanded, top);
      };
      const found = {
        index: within(place.index),
        control: within(place.control),
        alt: within(place.alt),
        attachments: within(place.attachments),
        directoryName: place.directoryName as RawName | undefined,
      };
      return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
    }
    return undefined;
  };
}

/** The templates in one character per byte, as the paths that they are held against. */
export function rawPlaces({ mail, ...others }: AccountPlaces): AccountPlaces {
  const raw = Object.entries(others).map(([key, text]) => [key, rawPathFromText(text)]);
  return {
    ...(Object.fromEntries(raw) as Omit<AccountPlaces, "mail">),
    mail: rawPathFromText(mail),
  };
}

/** Undefined outside the Image, and of a path that a variable led astray. */
export function below(path: string, root: RawPath): RawPath | undefined {
  const steps = path.split("/").filter((step) => step !== "" && step !== ".");
  if (!path.startsWith("/") || steps.includes("..")) return undefined;
  const top = root.split("/").filter((step) => step !== "");
  if (top.some((step, index) => steps[index] !== step)) return undefined;
  return steps.slice(top.length).join("/") as RawPath;
}
