import type { JournalEvent } from "#journal";
import type { ObservedState } from "./observed-state.ts";

/** What an event does to what is observed. False where it is about no file. */
export function applyEvent(state: ObservedState, event: JournalEvent): boolean {
  switch (event.type) {
    case "put":
    case "write":
    case "truncate":
      // What its bytes are is in the journal; their digests are made when it changes next.
      state.set(event.path, { state: event.state, sizeBytes: event.sizeBytes });
      return true;
    case "mkdir":
      state.set(event.path, { state: event.state, sizeBytes: 0 });
      return true;
    case "attributes":
    case "link": {
      const before = state.get(event.path);
      if (before === undefined) return true;
      if (event.type === "link") state.set(event.to, before);
      else state.set(event.path, { ...before, state: event.state });
      return true;
    }
    case "rename":
      state.rename(event.path, event.to);
      return true;
    case "remove":
    case "rmdir":
      state.remove(event.path);
      return true;
    case "data":
    case "arrived":
    case "outcome":
    case "mark":
    case "gap":
      return false;
  }
}
