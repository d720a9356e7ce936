/**
 * docs/benchmarks.md as text: a head, then the sections in the order of the bench's list. A run of some sections replaces those and leaves the
 * others as they were, so each says when and on what it was measured. Pure.
 */
import type { Section } from './section.ts';

export type Run = {
  readonly machine: string;
  readonly day: string;
  readonly command: string;
  readonly rounds: number;
  /** The bench's list, in order. */
  readonly names: readonly string[];
  /** What was measured now. */
  readonly measured: ReadonlyMap<string, Section>;
};

const mark = (name: string) => `<!-- section: ${name} -->`;
const marks = /^<!-- section: (\S+) -->$/gm;

export function writeReport(before: string, run: Run): string {
  const kept = sectionsOf(before);
  const parts = run.names.flatMap((name) => {
    const section = run.measured.get(name);
    const text = section === undefined ? kept.get(name) : sectionText(section, run);
    return text === undefined ? [] : [`${mark(name)}\n\n${text}`];
  });
  return `${[head(run), ...parts].join('\n\n')}\n`;
}

function head({ machine, day, command }: Run): string {
  return [
    '# Benchmarks',
    '`npm run bench` makes this page; `npm run bench -- --rounds N NAME…` measures only the named sections again. Load, upstream and every target ' +
      'are processes of their own. Targets take turns within a round, so that a machine that drifts drifts for all; figures are medians of the ' +
      'rounds with their lowest and highest, and ratios are made within a round. Quote ratios, not calls a second.',
    `Last run on ${day}: \`${command}\` on ${machine}.`,
  ].join('\n\n');
}

function sectionText({ title, body }: Section, { day, machine, rounds }: Run): string {
  return `## ${title}\n\n_${day}, ${rounds} rounds, ${machine}._\n\n${body}`;
}

function sectionsOf(text: string): Map<string, string> {
  const found = [...text.matchAll(marks)];
  return new Map(
    found.map((match, index) => {
      const from = match.index + match[0].length;
      return [match[1] ?? '', text.slice(from, found[index + 1]?.index ?? text.length).trim()];
    }),
  );
}
