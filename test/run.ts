/**
 * `npm test`: every layer one after another, a line each, every skip with its reason, and the total alone on the last line.
 * With names as arguments only those run (`npm run check` names four). Exits 1 when anything failed or a layer ran no test.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findChromium } from './kit/chromium.ts';
import { faultTable } from './kit/fault-table.ts';
import { outsideOfTests, type LayerResult } from './kit/layer-reporter.ts';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');

const checks: Readonly<Record<string, readonly string[]>> = {
  format: ['oxfmt', '--check'],
  lint: ['oxlint', '--type-aware', '--quiet'],
  types: ['tsc', '-b'],
};
const testLayers = ['unit', 'property', 'flow', 'fault', 'recorded', 'ui', 'electron'];
const everything = [...Object.keys(checks), ...testLayers];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !everything.includes(name));
if (unknown.length > 0) {
  console.error(`There is no layer called ${unknown.join(', ')}. The layers are ${everything.join(', ')}.`);
  process.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0 };
let isBroken = false;
for (const layer of asked.length > 0 ? asked : everything) {
  const startedMs = performance.now();
  const command = checks[layer];
  const line = command ? runCheck(layer, command) : runTests(layer);
  console.log(`${layer.padEnd(9)} ${line}  (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
}
if (isBroken) console.log('A check failed; see above.');
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(isBroken || total.failed > 0 ? 1 : 0);

function runCheck(layer: string, [program = '', ...args]: readonly string[]): string {
  const run = spawnSync(join(bin, program), args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  if (run.status === 0) return 'clean';
  isBroken = true;
  console.log(run.stdout, run.stderr);
  return `${layer} failed`;
}

function runTests(layer: string): string {
  // Bringing a browser may take minutes on a fresh machine, more than a test may.
  if (layer === 'ui' && !bringChromium()) return 'has no browser';
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-layer-'));
  try {
    const file = join(folder, 'result.json');
    const args = ['run', '--project', layer, '--reporter', './test/kit/layer-reporter.ts', '--passWithNoTests'];
    const env = { ...process.env, LAYER_RESULT: file };
    const run = spawnSync(join(bin, 'vitest'), args, {
      cwd: root,
      encoding: 'utf8',
      env,
      shell: process.platform === 'win32',
    });
    if (!existsSync(file)) {
      isBroken = true;
      console.log(run.stdout, run.stderr);
      return 'did not run';
    }
    const result = JSON.parse(readFileSync(file, 'utf8')) as LayerResult;
    // A process that died tells why on its way down, and nowhere else.
    if (result.failures.some(({ name }) => name === outsideOfTests)) console.log(lastLines(run.stderr));
    return add(layer, result);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lastLines(text: string): string {
  return text.split('\n').slice(-60).join('\n');
}

function bringChromium(): boolean {
  try {
    findChromium();
    return true;
  } catch (error) {
    isBroken = true;
    console.log(error instanceof Error ? error.message : error);
    return false;
  }
}

function add(layer: string, { passed, failed, skipped, failures, faults }: LayerResult): string {
  for (const line of faultTable(faults)) console.log(line);
  for (const { name, reason } of skipped) console.log(`  skipped: ${name}: ${reason}`);
  for (const { name, text } of failures) console.log(`  FAILED: ${name}\n${text}\n`);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped.length;
  if (passed + failed + skipped.length === 0) {
    isBroken = true;
    return `no test in test/${layer}`;
  }
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}
