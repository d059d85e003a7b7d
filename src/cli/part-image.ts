import {
  type Image,
  joinRawPath,
  type Listing,
  ListingBuilder,
  rawBaseName,
  rawParent,
  type RawName,
  type RawPath,
} from "#image";

/**
 * An Image without some of its folders: one walk of a store is captured once per protection group, each time
 * without the mailboxes of the others. Closing it leaves the Image open, which is whoever made it's.
 */
export function withoutFolders(image: Image, hidden: ReadonlySet<RawPath>): Image {
  if (hidden.size === 0) return whole(image);
  const namesIn = new Map<RawPath, Set<RawName>>();
  for (const path of hidden) {
    const names = namesIn.get(rawParent(path)) ?? new Set();
    namesIn.set(rawParent(path), names.add(rawBaseName(path)));
  }
  return borrowed(
    image,
    async (path, signal) => {
      const listing = await image.list(path, signal);
      const names = namesIn.get(path);
      return names === undefined ? listing : without(listing, names);
    },
    hidden,
  );
}

/** All of it: then a method may also keep the frozen folder behind it. */
function whole(image: Image): Image {
  const handOver = image.handOver?.bind(image);
  return Object.assign(
    borrowed(image, image.list.bind(image)),
    handOver === undefined ? {} : { handOver },
  );
}

function without(listing: Listing, names: ReadonlySet<RawName>): Listing {
  const builder = new ListingBuilder();
  for (const entry of listing) if (!names.has(entry.name)) builder.add(entry);
  builder.problems.push(...listing.problems);
  return builder.build();
}

function borrowed(
  image: Image,
  list: Image["list"],
  hidden: ReadonlySet<RawPath> = new Set(),
): Image {
  const { consistency, volumes, fingerprintScope, local, evidence } = image;
  const extract = image.extract?.bind(image);
  return {
    get at() {
      return image.at;
    },
    get problems() {
      return image.problems.filter(({ path }) => !isHidden(path, hidden));
    },
    consistency,
    volumes,
    fingerprintScope,
    list,
    extendedAttributes: (path) => image.extendedAttributes(path),
    read: (path, options) => image.read(path, options),
    // A folder that lacks something is not the folder that the fingerprint stands for.
    fingerprint: async (path, signal) =>
      holds(path, hidden) ? undefined : await image.fingerprint(path, signal),
    ...(local === undefined
      ? {}
      : { local: hidden.size === 0 ? local : { ...local, holdsMore: true as const } }),
    ...(extract === undefined ? {} : { extract }),
    ...(evidence === undefined ? {} : { evidence }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function isHidden(path: RawPath, hidden: ReadonlySet<RawPath>): boolean {
  for (let folder = path; folder !== ""; folder = rawParent(folder))
    if (hidden.has(folder)) return true;
  return false;
}

function holds(path: RawPath, hidden: ReadonlySet<RawPath>): boolean {
  const prefix = path === "" ? "" : joinRawPath(path, "" as RawName);
  for (const one of hidden) if (one === path || one.startsWith(prefix)) return true;
  return false;
}
