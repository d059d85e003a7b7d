import type { ImageProblem } from "./image.ts";

/** Problems in the order in which they were seen, each once. */
export class ProblemLog {
  readonly #problems = new Map<string, ImageProblem>();

  add(problem: ImageProblem): void {
    const key = `${problem.code} ${problem.path}`;
    if (!this.#problems.has(key)) this.#problems.set(key, problem);
  }

  all(): readonly ImageProblem[] {
    return [...this.#problems.values()];
  }
}
