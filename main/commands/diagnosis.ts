/** One line of `doctor`: what was looked at, whether it is well, and what to do if it is not. Pure. */

export type Diagnosis = {
  readonly name: string;
  readonly isOk: boolean;
  readonly sentence: string;
  readonly fix: string | null;
};

export function fine(name: string, sentence: string): Diagnosis {
  return { name, isOk: true, sentence, fix: null };
}

export function finding(name: string, sentence: string, fix: string): Diagnosis {
  return { name, isOk: false, sentence, fix };
}
