/**
 * How far off the estimated output of a cut answer typically is: the median error in percent, measured by cutting recorded answers at every tenth
 * (docs/output-estimate.md). test/recorded/output-estimate.test.ts measures it again and holds these figures. Pure.
 */
export const typicalErrorPercent = {
  /** Cut in its first tenth. */
  nearStart: 45,
  /** Cut in its last tenth. */
  nearEnd: 12,
} as const;
