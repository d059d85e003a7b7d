import { type Catalog, isCatalogError, parseQuery, type Query, removeCatalog } from "#catalog";
import { catalogFolder, fillFromCopy, openCopyCatalog, tellFilled } from "../catalog-access.ts";
import { isWithin, type RawPath } from "#image";
import { parseMoment } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { findScope, placedAccounts } from "../find-scope.ts";
import { foundJson, foundRow, type ShowFound } from "../found-text.ts";
import { copyToSearch } from "../copy-to-search.ts";
import { type AnyCopy, readCopies, type ReadCopies } from "../methods/index.ts";
import {
  searchedJson,
  type SearchedMoments,
  searchedMoments,
  tellSearched,
} from "../searched-moments.ts";
import { isInstant } from "../moments.ts";
import { openSite, type Site } from "../site.ts";
import { safeText, tableText } from "../text.ts";

const defaultLimit = 50;

export async function run(context: CommandContext): Promise<ExitCode> {
  const [typedQuery = "", typed] = context.arguments.positionals;
  const site = await openSite(context);
  const now = context.surroundings.now();
  // All that may be wrong with what was typed, before a catalog is filled for it.
  const query = parseQuery(typedQuery, { now, zone: site.zone });
  const sort = orderOf(context.arguments.text("sort"));
  const limit = limitOf(context.arguments.text("limit"));
  const at = context.arguments.text("at");
  if (at !== undefined && isInstant(at)) parseMoment(at, { now, zone: site.zone });
  const journals = !context.arguments.has("no-fill");
  await using found = await readCopies(typed, { context, site, journals });
  const opened = copyToSearch(found, context);
  const search: Search = { context, site, found, opened, query, sort, limit };
  try {
    return await searchIn(search);
  } catch (error) {
    if (!isCatalogError(error, "catalog.damaged")) throw error;
    context.output.warning("the catalog of this copy is damaged; it is made again from the copy");
    removeCatalog(await catalogFolder(opened, context));
    return await searchIn(search);
  }
}

type Search = {
  readonly context: CommandContext;
  readonly site: Site;
  readonly found: ReadCopies;
  readonly opened: AnyCopy;
  readonly query: Query;
  readonly sort: "newest" | "relevance";
  readonly limit: number;
};

async function searchIn(search: Search): Promise<ExitCode> {
  const { context, site, opened, query } = search;
  await using catalog = await openCopyCatalog(opened, search);
  if (!context.arguments.has("no-fill"))
    tellFilled(await fillFromCopy(catalog, opened, search), { context, site });
  const isMissing = query.conditions.some(
    (one) => one.kind === "is" && one.state === "missing" && !one.isNot,
  );
  const passed = isMissing ? { isPassedWanted: await mayBeMeant(catalog, search) } : {};
  await using moments = await searchedMoments(catalog, { ...search, ...passed });
  return await answer(catalog, moments, search);
}

/** What lies in the folder of another account than those that the target means is not meant. */
async function mayBeMeant(
  catalog: Catalog,
  { query, found }: Search,
): Promise<(path: RawPath, group: string) => boolean> {
  const placed = await placedAccounts(catalog);
  const { accounts } = await findScope(query, found.target, { catalog, placed });
  if (accounts === undefined) return () => true;
  const byGroup = Map.groupBy(placed.values(), ({ group }) => group);
  return (path, group) => {
    const [nearest] = (byGroup.get(group) ?? [])
      .filter(({ account }) => isWithin(path, account.root))
      .toSorted((a, b) => b.account.root.length - a.account.root.length);
    return nearest === undefined || accounts.includes(nearest.account.id);
  };
}

async function answer(
  catalog: Catalog,
  moments: SearchedMoments,
  { context, site, found, query, sort, limit }: Search,
): Promise<ExitCode> {
  const { arguments: typed, output, surroundings } = context;
  const placed = await placedAccounts(catalog);
  const scope = await findScope(query, found.target, { catalog, placed });
  const { atNs } = moments;
  tellSearched(moments, { context, found });
  const cursor = typed.text("after-page");
  const page = await catalog.find(scope.query, {
    ...(scope.accounts === undefined ? {} : { accounts: scope.accounts }),
    ...(atNs === undefined ? {} : { atNs }),
    ...(cursor === undefined ? {} : { cursor }),
    sort,
    limit,
    signal: surroundings.signal,
  });
  const show: ShowFound = { zone: site.zone, placed };
  await output.document({
    type: "found",
    query: typed.positionals[0],
    fullText: catalog.fullText,
    order: page.order,
    moments: searchedJson(moments),
    between: moments.between,
    messages: page.messages.map((message) => foundJson(message, show)),
    ...(page.next === undefined ? {} : { next: page.next }),
  });
  await output.text(tableText(page.messages.map((message) => foundRow(message, show))));
  if (page.order === "newest" && sort === "relevance")
    output.note("Too many messages have these words to rank them: the newest come first.");
  if (page.next !== undefined)
    output.note(`There are more: say --limit, or --after-page ${page.next}`);
  if (page.messages.length > 0) return exitCodes.done;
  output.note("Nothing was found.");
  return exitCodes.nothingMatched;
}

function orderOf(text: string | undefined): "newest" | "relevance" {
  if (text === undefined || text === "newest") return "newest";
  if (text === "relevance") return text;
  throw new CliError("cli.usage", `Cannot sort by "${safeText(text)}": there is no such order`, {
    hint: "Say --sort newest or --sort relevance.",
  });
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return defaultLimit;
  if (/^[1-9]\d{0,3}$/.test(text) || text === "10000") return Number(text);
  throw new CliError(
    "cli.usage",
    `Cannot show ${safeText(text)} messages: it is no number up to 10000`,
    {
      hint: "Say --limit 100, and go on with --after-page.",
    },
  );
}
