/** Makes a file's content, and its name in its folder, survive the loss of power. */
import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whole under its new name or not there at all, whatever is cut when. */
export function renameDurably(from: string, to: string): void {
  syncPath(from);
  renameSync(from, to);
  syncFolder(dirname(to));
}

/** Windows opens no folders and keeps names by itself. */
export function syncFolder(folder: string): void {
  if (process.platform !== 'win32') syncPath(folder);
}

function syncPath(path: string): void {
  // Windows flushes only what is open for writing; a folder opens for reading only.
  const descriptor = openSync(path, process.platform === 'win32' ? 'r+' : 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
