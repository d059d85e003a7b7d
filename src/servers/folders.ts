/** The deepest folder that all of these absolute paths lie in or are. Undefined of none, and where it is "/". */
export function commonFolder(paths: readonly string[]): string | undefined {
  const [first, ...others] = paths.map(stepsOf);
  if (first === undefined) return undefined;
  let length = first.length;
  for (const steps of others) {
    let same = 0;
    while (same < Math.min(length, steps.length) && steps[same] === first[same]) same++;
    length = same;
  }
  return length === 0 ? undefined : `/${first.slice(0, length).join("/")}`;
}

export function parentFolder(path: string): string {
  return `/${stepsOf(path).slice(0, -1).join("/")}`;
}

/** Whether a path is this folder or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  const steps = stepsOf(path);
  return stepsOf(folder).every((step, index) => steps[index] === step);
}

function stepsOf(path: string): readonly string[] {
  return path.split("/").filter((step) => step !== "" && step !== ".");
}
