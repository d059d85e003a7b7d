import type { RawPath } from "#image";
import { btrfsSnapshots } from "./btrfs-snapshot.ts";
import { readSnapshot } from "./build-snapshot.ts";
import { plainCopies } from "./plain-copy.ts";
import { reflinkCopies } from "./reflink-copy.ts";
import type {
  SnapshotKind,
  SnapshotOptions,
  SnapshotProvider,
  SnapshotProviderName,
  Taken,
} from "./snapshot-provider.ts";

export type DetectOptions = SnapshotOptions & {
  /** Best first. Default: all there are. */
  readonly providers?: readonly SnapshotProvider[];
};

export type DetectedProvider = { readonly provider: SnapshotProvider; readonly why: string };

/** All providers, best first: one instant before a walk, shared blocks before a full copy. */
export function allProviders(): readonly SnapshotProvider[] {
  return [btrfsSnapshots(), reflinkCopies(), plainCopies()];
}

/** Those that can freeze the folder there, best first, each with the reason. */
export async function detectProviders(
  folder: RawPath,
  destination: RawPath,
  options: DetectOptions = {},
): Promise<readonly DetectedProvider[]> {
  const detected: DetectedProvider[] = [];
  for (const provider of options.providers ?? allProviders()) {
    const { suits, why } = await provider.suits(folder, destination, options);
    if (suits) detected.push({ provider, why });
  }
  return detected;
}

export type SnapshotFact = {
  readonly provider: SnapshotProviderName;
  readonly kind: SnapshotKind;
  readonly suits: boolean;
  /** One line for people. */
  readonly text: string;
};

/** Every provider and whether it suits, for people. Writes at most a probe beside the destination. */
export async function describeSnapshotSupport(
  folder: RawPath,
  destination: RawPath,
  options: DetectOptions = {},
): Promise<readonly SnapshotFact[]> {
  const facts: SnapshotFact[] = [];
  for (const provider of options.providers ?? allProviders()) {
    const { name, kind, section, atomic } = provider;
    const { suits, why } = await provider.suits(folder, destination, options);
    const what = `${kind}, paper ${section}, ${atomic ? "one instant" : "a walk"}`;
    const text = `${name} (${what}): ${suits ? "possible" : "not here"}. ${why}`;
    facts.push({ provider: name, kind, suits, text });
  }
  return facts;
}

/** What is known of a frozen store, whichever provider made it. Throws SnapshotError. */
export function readTaken(destination: RawPath): Taken {
  return readSnapshot(destination).taken;
}
