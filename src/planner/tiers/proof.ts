import {
  applicability,
  type EvidenceGrade,
  lossNames,
  mirrorApplicability,
} from "../figure-1/index.ts";
import { type ParameterName, parameterNames } from "../parameters.ts";
import type { InputOrigin, Quantity } from "../quantity.ts";
import { available, type MissingPart, type Ranked, rankOne } from "../ranking/index.ts";
import type { BusinessRequirements, Requirements } from "../requirements/index.ts";

/** How well the recovery times of a promise are known, best first. */
export const evidences = ["measured", "computed", "paper"] as const;
export type Evidence = (typeof evidences)[number];

/** What stands behind a promise. */
export type Proof = {
  /**
   * measured: every number that the recovery times rest on was measured or is stated, and one at least was
   * measured; computed: some are; paper: they rest on the paper and on assumptions alone.
   */
  readonly evidence: Evidence;
  /** The numbers that they rest on, by where each is from. */
  readonly restsOn: Readonly<Record<InputOrigin, readonly ParameterName[]>>;
  /** How sure it is that source, method and option work with this mail server: the weakest of the three. */
  readonly grade: EvidenceGrade;
  /** Empty: this version of Restante runs it whole. */
  readonly missing: readonly MissingPart[];
};

type Site = { readonly business: BusinessRequirements; readonly requirements: Requirements };

export function proofOf(ranked: Ranked, site: Site): Proof {
  const names = parametersOfTimes(ranked, site);
  const { parameters } = site.requirements;
  const of = (origin: InputOrigin): readonly ParameterName[] =>
    names.filter((name) => parameters[name].origin === origin);
  const restsOn = {
    measured: of("measured"),
    stated: of("stated"),
    paper: of("paper"),
    assumed: of("assumed"),
    computed: of("computed"),
  };
  const known = restsOn.measured.length + restsOn.stated.length;
  const evidence =
    restsOn.measured.length > 0 && known === names.length
      ? "measured"
      : known > 0
        ? "computed"
        : "paper";
  return {
    evidence,
    restsOn,
    grade: gradeOf(ranked, site.requirements),
    missing: ranked.missing,
  };
}

/**
 * The numbers that the recovery times rest on: those that change one of them when they change. Asked of the
 * model itself, so that it holds whatever its formulas are.
 */
function parametersOfTimes(ranked: Ranked, site: Site): readonly ParameterName[] {
  const before = timesOf(ranked);
  return parameterNames.filter((name) =>
    // Both ways: of the slower of two rates, only slowing down shows where they are equal.
    [0.8, 1.25].some((factor) => timesOf(changed(ranked, name, { factor, ...site })) !== before),
  );
}

function timesOf({ evaluation }: Ranked): string {
  return lossNames
    .map((loss) => {
      const rto = evaluation.recovery[loss]?.rto;
      return rto === undefined ? "none" : `${rto.low}-${rto.high}`;
    })
    .join(" ");
}

function changed(
  { evaluation }: Ranked,
  name: ParameterName,
  { factor, business, requirements }: Site & { readonly factor: number },
): Ranked {
  const value = requirements.parameters[name];
  const parameters = { ...requirements.parameters, [name]: scaled(value, factor) };
  return rankOne(evaluation.combination, {
    business,
    requirements: { ...requirements, parameters },
  });
}

/** What is 0 grows too. */
function scaled({ low, high, ...rest }: Quantity, factor: number): Quantity {
  const more = factor > 1 ? 1e-3 : 0;
  return { ...rest, low: low * factor + more, high: high * factor + more };
}

/** A method that this version does not run is known from documents alone. */
const untried: EvidenceGrade = "D";

function gradeOf({ evaluation }: Ranked, { server }: Requirements): EvidenceGrade {
  const { source, operational, disaster } = evaluation.combination;
  const grades = [
    applicability(source, server.kind).grade,
    available.operational[operational.method] ?? untried,
    ...(disaster === undefined ? [] : [mirrorApplicability(disaster.option, server.kind).grade]),
  ];
  // Letters: A is the strongest.
  return grades.reduce((weakest, grade) => (grade > weakest ? grade : weakest));
}
