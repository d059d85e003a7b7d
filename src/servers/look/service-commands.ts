import type { ServerCommands } from "../mail-server.ts";
import { defaultCommandTimeoutMs } from "../server-command.ts";
import type { HostLook } from "./host-look.ts";

/**
 * How the system stops and starts a service: by the first of these units that it has. Its sockets
 * would start it again at the next connection, so those that are active are stopped and started too.
 * Empty where the system is not run by systemd, or has none of them.
 */
export async function serviceCommands(
  look: HostLook,
  units: readonly string[],
): Promise<ServerCommands> {
  if (!(await look.isThere("/run/systemd/system"))) return {};
  for (const unit of units) {
    const state = await look.run(["systemctl", "is-enabled", `${unit}.service`]);
    if (state === undefined) return {};
    if (!/^(?:enabled|disabled|static|indirect|generated|alias|linked)/.test(state.stdout))
      continue;
    const socket = await look.run(["systemctl", "is-active", `${unit}.socket`]);
    const names =
      socket?.stdout.trim() === "active"
        ? [`${unit}.socket`, `${unit}.service`]
        : [`${unit}.service`];
    return {
      stop: { words: ["systemctl", "stop", ...names], timeoutMs: defaultCommandTimeoutMs },
      start: { words: ["systemctl", "start", ...names], timeoutMs: defaultCommandTimeoutMs },
    };
  }
  return {};
}
