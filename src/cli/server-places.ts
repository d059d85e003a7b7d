import type { Image, ServerFacts } from "#image";
import { isWithin, type ServerConfig } from "#policy";

type Placed = Pick<ServerConfig, "type" | "path" | "volumes" | "places">;

/** Folders of a server's store that lie outside its path: the outermost of its volumes. */
export function foldersBeside({
  path,
  volumes,
}: Pick<Placed, "path" | "volumes">): readonly string[] {
  const outside = [
    ...new Set(volumes.map((volume) => volume.path).filter((one) => !isWithin(one, path))),
  ];
  return outside.filter((one) => !outside.some((other) => other !== one && isWithin(one, other)));
}

/** Every folder that is captured as the server's store. */
export function foldersOf(server: Pick<Placed, "path" | "volumes">): readonly string[] {
  return [server.path, ...foldersBeside(server)];
}

/** What is recorded of a server with each moment; undefined where it keeps everything where servers do by default. */
export function serverFactsOf(server: Placed): ServerFacts | undefined {
  const { type, path, places } = server;
  if (places.length === 0) return undefined;
  const root = foldersBeside(server).length === 0 ? path : "/";
  return { server: type, root, places };
}

/** The same Image, which says where its server keeps things. */
export function withServerFacts(image: Image, facts: ServerFacts | undefined): Image {
  if (facts === undefined) return image;
  return new Proxy(image, {
    get: (target, name) => {
      if (name === "serverFacts") return async () => facts;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
