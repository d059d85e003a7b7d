import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A repository with what opens it, and nothing of another site. */
export type DemoRepository = {
  readonly repository: string;
  readonly cache: string;
  readonly passwordFile: string;
  readonly password: string;
};

/** The first site: the mail server and what is kept beside it. */
export type DemoPlaces = DemoRepository & {
  readonly mail: string;
  readonly tapes: string;
  readonly deltas: string;
  readonly clones: string;
  /** Where images are frozen. */
  readonly work: string;
  /** Where copies are restored to, to see whether they can be. */
  readonly trial: string;
  /** What the daemon keeps, and its journal. */
  readonly state: string;
  readonly journal: string;
  readonly secondSite: DemoRepository & { readonly folder: string };
};

export async function demoPlaces(folder: string): Promise<DemoPlaces> {
  const secondSite = join(folder, "second-site");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await mkdir(secondSite, { mode: 0o700 });
  return {
    mail: join(folder, "mail"),
    tapes: join(folder, "tapes"),
    deltas: join(folder, "deltas"),
    clones: join(folder, "clones"),
    work: join(folder, "work"),
    trial: join(folder, "trial"),
    state: join(folder, "state"),
    journal: join(folder, "journal"),
    ...(await repositoryPlaces(folder)),
    secondSite: { folder: secondSite, ...(await repositoryPlaces(secondSite)) },
  };
}

/** Each repository has a password of its own: whoever has one has not the other. */
async function repositoryPlaces(folder: string): Promise<DemoRepository> {
  const password = randomBytes(9).toString("base64url");
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: "wx" });
  return {
    repository: join(folder, "recovery"),
    cache: join(folder, "cache"),
    passwordFile,
    password,
  };
}

/** Everything that goes with the first site: all but the second one. */
export function placesOfFirstSite(places: DemoPlaces): readonly string[] {
  const { mail, repository, tapes, deltas, clones, work, trial, cache, passwordFile } = places;
  const { state, journal } = places;
  const beside = [repository, tapes, deltas, clones, work, trial, cache, state, journal];
  return [mail, ...beside, passwordFile];
}
