/**
 * A vitest reporter that writes the counts of one layer, the reason of every skip and the text of every failure to a JSON file; of the layer
 * `fault` also a row for each test, with what it says of itself (`fault` of test/kit/fault.ts; a plain test has a name only).
 */
import { writeFileSync } from 'node:fs';

import type { Reporter, TestCase, TestModule } from 'vitest/node';

import type { FaultSays } from './fault.ts';

export type LayerResult = {
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
  failures: { name: string; text: string }[];
  faults: FaultRow[];
};

/** What failed without a test to blame: mostly a process of tests that died. */
export const outsideOfTests = 'outside of a test';

export type FaultRow = { name: string; outcome: string; client: string; ledger: string };

export default class LayerReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message: string; stack?: string }[]): void {
    const result: LayerResult = { passed: 0, failed: 0, skipped: [], failures: [], faults: [] };
    for (const module of modules) collect(module, result);
    for (const error of unhandled) fail(result, outsideOfTests, error.stack ?? error.message);
    const file = process.env['LAYER_RESULT'];
    if (file === undefined) throw new Error('LAYER_RESULT names the file to write');
    writeFileSync(file, JSON.stringify(result));
  }
}

function collect(module: TestModule, result: LayerResult): void {
  for (const error of module.errors()) fail(result, module.moduleId, error.stack ?? error.message);
  for (const test of module.children.allTests()) {
    const outcome = test.result();
    const name = `${module.relativeModuleId} > ${test.fullName}`;
    if (module.project.name === 'fault') result.faults.push(rowOf(test));
    if (outcome.state === 'passed') result.passed += 1;
    else if (outcome.state === 'failed')
      fail(result, name, outcome.errors.map((error) => error.stack ?? error.message).join('\n'));
    else result.skipped.push({ name, reason: ('note' in outcome ? outcome.note : undefined) ?? 'no reason given' });
  }
}

function rowOf(test: TestCase): FaultRow {
  const { client = '', ledger = '' } = (test.meta().fault ?? {}) as Partial<FaultSays>;
  return { name: test.fullName.replaceAll(' > ', ': '), outcome: test.result().state, client, ledger };
}

function fail(result: LayerResult, name: string, text: string): void {
  result.failed += 1;
  result.failures.push({ name, text });
}
