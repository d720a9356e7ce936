/** A disk that misbehaves for a child process, on Linux with a C compiler; and a small disk of one's own, where the system lets us mount one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type DiskMood = 'fine' | 'readonly' | 'broken' | 'slow';

export type BadDisk = {
  /** For the child's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly set: (mood: DiskMood) => void;
  readonly remove: () => void;
};

/** Null, with its reason, where it cannot be made. */
export function makeBadDisk(home: string): BadDisk | { readonly reason: string } {
  if (process.platform !== 'linux') return { reason: 'the disk is made to misbehave by LD_PRELOAD, which is Linux' };
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-disk-'));
  const library = join(folder, 'bad-disk.so');
  const built = spawnSync(
    'cc',
    ['-shared', '-fPIC', '-O2', '-o', library, join(import.meta.dirname, 'bad-disk.c'), '-ldl'],
    {
      encoding: 'utf8',
    },
  );
  if (built.status !== 0) {
    rmSync(folder, { recursive: true });
    return { reason: built.error ? 'there is no C compiler (cc)' : `cc failed: ${built.stderr.slice(0, 200)}` };
  }
  const file = join(folder, 'mood');
  const set = (mood: DiskMood) => writeFileSync(file, mood);
  set('fine');
  return {
    env: { LD_PRELOAD: library, BAD_DISK_HOME: home, BAD_DISK_SWITCH: file },
    set,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

export type SmallDisk = {
  readonly folder: string;
  readonly makeReadOnly: () => void;
  readonly remove: () => void;
};

/** Null, with its reason, where nothing may be mounted. */
export function mountSmallDisk(megabytes: number): SmallDisk | { readonly reason: string } {
  if (process.platform !== 'linux') return { reason: 'a small disk is mounted as tmpfs, which is Linux' };
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-small-'));
  const run = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8' });
  if (run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder).status !== 0) {
    rmSync(folder, { recursive: true });
    return { reason: 'this user may not mount a small disk' };
  }
  return {
    folder,
    makeReadOnly: () => {
      const { status, stderr } = run('mount', '-o', 'remount,ro', folder);
      if (status !== 0) throw new Error(stderr);
    },
    remove: () => {
      run('umount', '-l', folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
