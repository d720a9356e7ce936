/**
 * `npm run bench -- [--rounds N] [NAME…]`: measures all sections, or the named ones, prints them, and writes docs/benchmarks.md.
 * Nothing is asserted: a goal that is missed is said. Progress goes to stderr, the report to stdout.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { measureBodySize } from './body-size-section.ts';
import { measureChunkDelay } from './chunk-delay-section.ts';
import { measureDashboard } from './dashboard-section.ts';
import { measureDisk } from './disk-section.ts';
import { measureDrain } from './drain-section.ts';
import { measureFirstByte } from './first-byte-section.ts';
import { measureImport } from './import-section.ts';
import { measureInspection } from './inspect-section.ts';
import { describeMachine } from './machine.ts';
import { measureMemory } from './memory-section.ts';
import { root } from './processes.ts';
import { measureProfile } from './profile-section.ts';
import { writeReport } from './report.ts';
import type { Measure, Section } from './section.ts';
import { measureStart } from './start-section.ts';
import { measureThroughput } from './throughput-section.ts';

/** In the order of the report. */
const sections: Readonly<Record<string, Measure>> = {
  throughput: measureThroughput,
  profile: measureProfile,
  'first-byte': measureFirstByte,
  'chunk-delay': measureChunkDelay,
  'body-size': measureBodySize,
  inspection: measureInspection,
  memory: measureMemory,
  start: measureStart,
  dashboard: measureDashboard,
  disk: measureDisk,
  import: measureImport,
  drain: measureDrain,
};

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const names = Object.keys(sections);
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  const fault =
    unknown.length > 0 ? `There is no section called ${unknown.join(', ')}.` : '--rounds takes a whole number.';
  console.error(`${fault} Usage: npm run bench -- [--rounds N] [${names.join(' | ')}]`);
  process.exit(2);
}

const machine = describeMachine();
const file = join(root, 'docs/benchmarks.md');
const measured = new Map<string, Section>();
console.log(machine);
for (const [name, measure] of Object.entries(sections)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const section = await measure({ rounds, say: (line) => console.error(line) });
  measured.set(name, section);
  console.log(`\n## ${section.title}\n\n${section.body}`);
  // Written after each section: a bench that is stopped has not measured for nothing.
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
  const day = new Date().toISOString().slice(0, 10);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  writeFileSync(file, writeReport(before, { machine, day, command, rounds, names, measured }));
}
