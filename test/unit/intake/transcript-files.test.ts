/** Where transcripts are looked for, over real folders: what `CLAUDE_CONFIG_DIR` names, one or several, or else both of the usual places. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { transcriptFiles, transcriptRoots } from '../../../main/intake/transcript-files.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-places-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function put(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), '');
  }
}

const usual = ['.claude/projects/web/one.jsonl', '.config/claude/projects/web/two.jsonl'];
function found(configFolders: string | null, folder: string | null = null): string[] {
  return transcriptFiles(transcriptRoots({ folder, configFolders, homeFolder: home })).map((path) =>
    relative(home, path),
  );
}

describe('transcripts', () => {
  it('are those of ~/.claude and of ~/.config/claude together, where nothing else is named', () => {
    put(...usual);
    expect(found(null)).toEqual(usual);
    rmSync(join(home, '.claude'), { recursive: true });
    expect(found(null)).toEqual(usual.slice(1));
    rmSync(join(home, '.config'), { recursive: true });
    expect(found(null)).toEqual([]);
  });

  it('are those of the one folder that CLAUDE_CONFIG_DIR names, and no others', () => {
    put(...usual, 'work/projects/web/three.jsonl');
    expect(found(join(home, 'work'))).toEqual(['work/projects/web/three.jsonl']);
  });

  it('are those of all folders that CLAUDE_CONFIG_DIR names, however the list is written', () => {
    put(...usual, 'work/projects/web/three.jsonl', 'other/projects/web/four.jsonl');
    const both = ['work/projects/web/three.jsonl', 'other/projects/web/four.jsonl'];
    const [work, other] = [join(home, 'work'), join(home, 'other')];
    expect(found(`${work},${other}`)).toEqual(both);
    expect(found(` ${work}/ ,, ${join(home, 'missing')}, ${other}/projects , ${work}`)).toEqual(both);
    // Unlike the first, a later path of a list is expanded by no shell.
    expect(found('~/work,~/other')).toEqual(both);
  });

  it('are those of the usual places where CLAUDE_CONFIG_DIR names nothing', () => {
    put(...usual);
    expect(found('')).toEqual(usual);
    expect(found(' , ')).toEqual(usual);
  });

  it('are listed once where one place is a link to another', () => {
    put('.claude/projects/web/one.jsonl');
    mkdirSync(join(home, '.config'));
    symlinkSync(join(home, '.claude'), join(home, '.config', 'claude'), 'junction');
    expect(found(null)).toEqual(['.claude/projects/web/one.jsonl']);
  });

  it('are found in sessions and their subagents, in order, and nothing else is', () => {
    put(
      '.claude/projects/web/b.jsonl',
      '.claude/projects/web/a.jsonl',
      '.claude/projects/web/a/subagents/agent-1.jsonl',
    );
    put('.claude/projects/web/notes.md', '.claude/history.jsonl');
    expect(found(null)).toEqual(
      ['web/a.jsonl', 'web/a/subagents/agent-1.jsonl', 'web/b.jsonl'].map((path) => `.claude/projects/${path}`),
    );
  });

  it('of a folder that is named by hand are read from there alone: a config folder, its projects, or a copy of them', () => {
    put(...usual, 'work/projects/web/three.jsonl', 'copy/web/four.jsonl');
    expect(found(join(home, '.claude'), join(home, 'work'))).toEqual(['work/projects/web/three.jsonl']);
    expect(found(null, join(home, 'work/projects'))).toEqual(['work/projects/web/three.jsonl']);
    expect(found(null, join(home, 'copy'))).toEqual(['copy/web/four.jsonl']);
    expect(() => found(null, join(home, 'missing'))).toThrow(/There are no Claude Code transcripts in .*missing/);
  });
});

describe('a folder of transcripts', () => {
  it('that cannot be listed is named itself, so that it is told as unreadable', () => {
    put('.claude/projects/web/one.jsonl');
    // A file in the place of the folder: nobody is kept from reading who may read everything.
    writeFileSync(join(home, 'projects'), '');
    expect(transcriptFiles([join(home, 'projects'), join(home, '.claude/projects')])).toEqual([
      join(home, 'projects'),
      join(home, '.claude/projects/web/one.jsonl'),
    ]);
    expect(transcriptFiles([join(home, 'vanished')])).toEqual([]);
  });

  it('is walked once, whatever links stand in it', () => {
    put('.claude/projects/web/one.jsonl');
    symlinkSync(join(home, '.claude/projects'), join(home, '.claude/projects/web/around'), 'junction');
    expect(found(null)).toEqual(['.claude/projects/web/one.jsonl']);
  });
});
