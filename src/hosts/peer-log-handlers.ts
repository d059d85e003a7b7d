import type { AllowedFolders } from "./allowed-folders.ts";
import type { Host } from "./host.ts";
import { brokenProtocol } from "./host-error.ts";
import { largestLogPiece, type LogFolder } from "./log-folder.ts";
import type { Item, PeerCall, PeerHandler } from "./served-call.ts";

/** What a peer does for a log on the other side. Nothing is kept open between two requests. */
export function peerLogHandlers(
  host: Host,
  folders: AllowedFolders,
): readonly (readonly [string, PeerHandler])[] {
  const answering = (work: (log: LogFolder, call: PeerCall) => Promise<Item>): PeerHandler =>
    // oxlint-disable-next-line require-yield -- a handler without items
    async function* (call) {
      const log = host.openLog(await folders.resolve(call.fields.path("path")));
      return await work(log, call);
    };
  return [
    [
      "log-list",
      answering(async (log, { signal }) => {
        const files = await log.list({ signal });
        const rows = files.map(({ name, sizeBytes }) => [name, sizeBytes]);
        return { body: Buffer.from(JSON.stringify(rows)) };
      }),
    ],
    [
      "log-read",
      answering(async (log, { fields, signal }) => {
        const offset = fields.count("offset");
        const lengthBytes = fields.count("lengthBytes", largestLogPiece);
        return { body: await log.read(fields.text("name"), { offset, lengthBytes, signal }) };
      }),
    ],
    [
      "log-write",
      answering(async (log, { fields, body, signal }) => {
        if (body.length > largestLogPiece) throw brokenProtocol("a piece of a log is too large");
        const offset = fields.count("offset");
        await log.write(fields.text("name"), { offset, bytes: body, signal });
        return {};
      }),
    ],
    [
      "log-position",
      answering(async (log, { body, signal }) => {
        await log.setPosition(body, { signal });
        return {};
      }),
    ],
  ];
}
