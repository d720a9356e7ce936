/** Where `npm start` finds Electron, and what it says when it does not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { findElectron } from '../../../scripts/electron-binary.ts';

const root = mkdtempSync(join(tmpdir(), 'tollkeeper-electron-'));
const folder = join(root, 'node_modules', 'electron');
afterAll(() => rmSync(root, { recursive: true }));

const question = { root, env: { DISPLAY: ':0' }, platform: 'linux' as const };

describe('Electron’s binary', () => {
  it('is not looked for where there is no display', () => {
    expect(findElectron({ ...question, env: {} })).toEqual({
      kind: 'none',
      reason: 'There is no display for the desktop app',
    });
  });

  it('is missing when it is neither there nor to be had', () => {
    expect(findElectron(question)).toEqual({
      kind: 'none',
      reason: 'Electron’s binary is not here and could not be fetched',
    });
  });

  it('is taken from the folder that the environment names, as the electron package does', () => {
    const elsewhere = join(root, 'elsewhere');
    mkdirSync(elsewhere, { recursive: true });
    writeFileSync(join(elsewhere, 'electron'), '');
    const env = { ...question.env, ELECTRON_OVERRIDE_DIST_PATH: elsewhere };
    expect(findElectron({ ...question, env })).toEqual({ kind: 'found', path: join(elsewhere, 'electron') });
  });

  it('is fetched once by the package’s own installer, then found', () => {
    mkdirSync(join(folder, 'dist'), { recursive: true });
    writeFileSync(
      join(folder, 'install.js'),
      "require('fs').writeFileSync(__dirname + '/path.txt', 'electron'); require('fs').writeFileSync(__dirname + '/dist/electron', '')",
    );
    writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}');
    const found = findElectron(question);
    expect(found).toEqual({ kind: 'found', path: join(folder, 'dist', 'electron') });
    // A second fetch would fail the test.
    writeFileSync(join(folder, 'install.js'), "require('fs').rmSync(__dirname + '/dist', { recursive: true })");
    expect(findElectron(question)).toEqual(found);
  });
});
