/** One thing that doctor looked at. */
export type Check = {
  /** Stable short name: "node", "copy.password". */
  readonly name: string;
  /** `fail`: a capture or a restore would not work. `warn`: it would, with less than there could be. */
  readonly state: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
};

export function ok(name: string, message: string): Check {
  return { name, state: "ok", message };
}

export function warn(name: string, message: string, hint: string): Check {
  return { name, state: "warn", message, hint };
}

export function fail(name: string, message: string, hint: string): Check {
  return { name, state: "fail", message, hint };
}
