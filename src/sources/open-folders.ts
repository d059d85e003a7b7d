import { type Image, type ImagePart, joinImages, type RawPath, type Volume } from "#image";

export type OpenFoldersOptions = {
  readonly group?: string;
  readonly volumes?: readonly Volume[];
  /** Opens one of them. */
  readonly open: (
    folder: RawPath,
    volumes: { readonly volumes?: readonly Volume[] },
  ) => Promise<Image>;
};

/**
 * One folder as an Image, or several as one. The others are opened before the first, which is that of
 * the messages: an index that is a little older lacks the newest, one that is newer points to what is
 * not there.
 */
export async function openFolders(
  [first, ...others]: readonly [RawPath, ...RawPath[]],
  { group, volumes, open }: OpenFoldersOptions,
): Promise<Image> {
  const given = volumes === undefined ? {} : { volumes };
  if (others.length === 0) return await open(first, given);
  const parts: ImagePart[] = [];
  await using opened = new AsyncDisposableStack();
  for (const folder of [...others, first])
    parts.push({ folder, image: opened.use(await open(folder, {})) });
  const joined = joinImages(parts.toReversed(), {
    ...given,
    ...(group === undefined ? {} : { group }),
  });
  opened.move();
  return joined;
}
